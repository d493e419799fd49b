//! What the mounts in other people's servers have in common.
//!
//! In: method, path, query and the `Authorization` headers of a request. Out: what is to be done, a
//! refusal or a question that may block. Reading a body and finding a thread that may block are the
//! affair of each server.

use super::respond::{Response, respond};
use super::token::Token;
use std::sync::OnceLock;

/// The longest body of a request, in bytes: addresses for `symbol`.
pub(super) const LONGEST_BODY: usize = 4 << 20;

/// A request that may pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    path: String,
    query: String,
    /// Whether the request's body takes the place of the query.
    pub(super) has_body: bool,
}

impl Question {
    /// Looks at the head of a request. `path` is the part from `/debug/pprof` on or the whole.
    ///
    /// # Errors
    /// The answer, when the token is missing or the method is not understood.
    pub(super) fn new<'a>(
        method: &str,
        path: &str,
        query: Option<&str>,
        authorization: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Self, Response> {
        allowed(token_of_process(), authorization)?;
        let has_body = match method {
            "GET" | "HEAD" => false,
            "POST" if path.ends_with("/symbol") => true,
            _ => return Err(Response::not_allowed()),
        };
        let query = query.unwrap_or_default().to_owned();
        Ok(Self { path: path.to_owned(), query, has_body })
    }

    /// Answers it; blocks as long as the dump takes, and for `seconds=N`.
    pub(super) fn answer(self) -> Response {
        respond(&self.path, &self.query)
    }

    /// With the body in place of the query.
    pub(super) fn with_body(self, body: &[u8]) -> Self {
        Self { query: String::from_utf8_lossy(body).into_owned(), ..self }
    }
}

/// The answer when a thread that may block could not be had.
pub(super) fn no_thread() -> Response {
    Response::error(500, "there is no thread to take the profile on")
}

/// The answer to a body that is too long or breaks off.
pub(super) fn bad_body() -> Response {
    Response::error(413, "the request's body is too long or incomplete")
}

/// The token of `LIVEHEAP_TOKEN`, read once; or what is wrong with it.
fn token_of_process() -> &'static Result<Option<Token>, String> {
    static TOKEN: OnceLock<Result<Option<Token>, String>> = OnceLock::new();
    TOKEN.get_or_init(|| Token::of_environment().map_err(|error| error.to_string()))
}

fn allowed<'a>(
    token: &Result<Option<Token>, String>,
    mut authorization: impl Iterator<Item = &'a [u8]>,
) -> Result<(), Response> {
    let token = match token {
        Ok(None) => return Ok(()),
        Ok(Some(token)) => token,
        // Whoever set it wanted a secret.
        Err(error) => return Err(Response::error(500, error)),
    };
    let is_credential = |value| std::str::from_utf8(value).is_ok_and(|v| token.is_credential(v));
    if authorization.any(is_credential) { Ok(()) } else { Err(Response::token_needed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str) -> u16 {
        Question::new(method, path, None, std::iter::empty()).map_or_else(|r| r.status(), |_| 200)
    }

    #[test]
    fn only_symbol_takes_a_post() {
        assert_eq!(status("GET", "/debug/pprof/heap"), 200);
        assert_eq!(status("HEAD", "/debug/pprof/heap"), 200);
        assert_eq!(status("POST", "/debug/pprof/symbol"), 200);
        assert_eq!(status("POST", "/debug/pprof/heap"), 405);
        assert_eq!(status("DELETE", "/debug/pprof/symbol"), 405);
    }

    #[test]
    fn a_token_that_is_set_must_come_and_one_that_is_wrong_lets_nobody_in() {
        let token = Ok(Some(Token::new("s3cret").unwrap()));
        let status = |token, header: Option<&'static [u8]>| {
            allowed(token, header.into_iter()).map_or_else(|response| response.status(), |()| 200)
        };
        assert_eq!(status(&Ok(None), None), 200);
        assert_eq!(status(&token, None), 401);
        assert_eq!(status(&token, Some(b"Bearer wrong")), 401);
        assert_eq!(status(&token, Some(b"Bearer s3cret")), 200);
        assert_eq!(status(&Err("empty".to_owned()), Some(b"Bearer s3cret")), 500);
    }
}
