//! The endpoint in a server of `hyper` 1.
//!
//! In: a request. Out: the answer of [`respond`](crate::respond()), taken on a thread of tokio's where
//! blocking is allowed. Routing and connections are the program's affair.

use super::mount::{LONGEST_BODY, Question, bad_body, no_thread};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::AUTHORIZATION;
use std::convert::Infallible;
use std::error::Error;

/// Answers a request for `/debug/pprof/`; to be called within tokio. When `LIVEHEAP_TOKEN` is set the
/// request must bring it.
///
/// It is what `service_fn` takes. A service with pages of its own calls it for paths under
/// `/debug/pprof`.
// The package `mounts` runs it, which has the server.
#[cfg_attr(not(doctest), doc = "", doc = include_str!("hyper.md"))]
///
/// # Errors
/// None.
pub async fn respond<B>(
    request: hyper::Request<B>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let authorization = head.headers.get_all(AUTHORIZATION).iter();
    let question = Question::new(
        head.method.as_str(),
        head.uri.path(),
        head.uri.query(),
        authorization.map(hyper::header::HeaderValue::as_bytes),
    );
    let answer = match question {
        Err(refusal) => Err(refusal),
        Ok(question) if question.has_body => {
            let body = Limited::new(body, LONGEST_BODY).collect().await;
            body.map(|body| question.with_body(&body.to_bytes())).map_err(|_| bad_body())
        }
        Ok(question) => Ok(question),
    };
    let answer = match answer {
        Err(refusal) => refusal,
        Ok(question) => {
            tokio::task::spawn_blocking(|| question.answer()).await.unwrap_or_else(|_| no_thread())
        }
    };
    Ok(translated(answer))
}

fn translated(answer: crate::Response) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    response.body(Full::from(answer.into_body())).unwrap_or_else(|_| {
        // A header that cannot be sent; ours can.
        let mut response = hyper::Response::new(Full::default());
        *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
