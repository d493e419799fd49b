//! The endpoint in a server of `actix-web` 4.
//!
//! In: nothing. Out: a scope for the paths under `/debug/pprof`. Who may reach it besides those who have
//! the token is the program's affair.

use super::mount::{LONGEST_BODY, Question, bad_body, no_thread};
use ::actix_web::http::StatusCode;
use ::actix_web::http::header::{AUTHORIZATION, HeaderValue};
use ::actix_web::web::{self, Payload};
use ::actix_web::{HttpRequest, HttpResponse, Scope};

/// A scope that answers `/debug/pprof/`, to be one of the program's services. Profiles are taken where
/// blocking is allowed. When `LIVEHEAP_TOKEN` is set, requests must bring it.
// The package `mounts` runs it, which has the server.
#[cfg_attr(not(doctest), doc = "", doc = include_str!("actix_web.md"))]
pub fn scope() -> Scope {
    web::scope("/debug/pprof").default_service(web::to(answer))
}

async fn answer(request: HttpRequest, body: Payload) -> HttpResponse {
    let authorization = request.headers().get_all(AUTHORIZATION);
    let question = Question::new(
        request.method().as_str(),
        request.path(),
        Some(request.query_string()),
        authorization.map(HeaderValue::as_bytes),
    );
    let question = match question {
        Ok(question) if question.has_body => match body.to_bytes_limited(LONGEST_BODY).await {
            Ok(Ok(body)) => Ok(question.with_body(&body)),
            _ => Err(bad_body()),
        },
        other => other,
    };
    translated(match question {
        Err(refusal) => refusal,
        Ok(question) => web::block(|| question.answer()).await.unwrap_or_else(|_| no_thread()),
    })
}

fn translated(answer: crate::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in answer.headers() {
        response.append_header(header);
    }
    response.body(answer.into_body())
}
