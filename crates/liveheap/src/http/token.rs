//! The secret that a request must bring when one is set.
//!
//! In: the token of the options or of `LIVEHEAP_TOKEN`, and the head of a request. Out: whether the
//! request may pass. It brings the token as `Authorization: Bearer TOKEN`, or as the password of
//! `Basic`, which is what clients make of `http://anyone:TOKEN@host/`. How long the comparison takes
//! says nothing of the token. There is no encryption here.

use std::fmt;
use std::hint::black_box;
use std::io::{Error, ErrorKind, Result};

/// The variable that sets a token where the program's source does not.
const VARIABLE: &str = "LIVEHEAP_TOKEN";

/// A secret: it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// # Errors
    /// When it is empty, or could not stand in a header.
    pub(super) fn new(text: &str) -> Result<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refusal("a token is one or more visible ASCII characters, no blanks"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The one of the environment. A variable that is set and empty is an error: whoever set it
    /// wanted a secret.
    pub(super) fn of_environment() -> Result<Option<Self>> {
        match std::env::var_os(VARIABLE) {
            None => Ok(None),
            Some(value) => {
                value.to_str().map_or_else(|| Self::new(""), Self::new).map(Some).map_err(|_| {
                    refusal(
                        "LIVEHEAP_TOKEN must be one or more visible ASCII characters, no blanks",
                    )
                })
            }
        }
    }

    /// Whether the head of a request has it.
    pub(super) fn is_in(&self, head: &str) -> bool {
        head.split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("Authorization"))
            .any(|(_, value)| self.is_credential(value))
    }

    /// Whether the value of a header `Authorization` has it.
    pub(super) fn is_credential(&self, value: &str) -> bool {
        let Some((scheme, given)) = value.trim().split_once(' ') else { return false };
        let given = given.trim_start();
        if scheme.eq_ignore_ascii_case("Bearer") {
            return self.is(given.as_bytes());
        }
        if !scheme.eq_ignore_ascii_case("Basic") {
            return false;
        }
        let Some(given) = from_base64(given) else { return false };
        let Some(colon) = given.iter().position(|&byte| byte == b':') else { return false };
        given.get(colon + 1..).is_some_and(|password| self.is(password))
    }

    /// Compares every byte that is given, whatever was found before.
    fn is(&self, given: &[u8]) -> bool {
        let mut difference = self.0.len() ^ given.len();
        for (byte, expected) in given.iter().zip(self.0.bytes().cycle()) {
            difference = black_box(difference | usize::from(byte ^ expected));
        }
        difference == 0
    }
}

fn refusal(text: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, text.to_owned())
}

/// Undoes base64, with or without `=` at the end.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0_u32, 0_u32);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = (word << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(header: &str) -> bool {
        Token::new("s3cret").unwrap().is_in(&["GET / HTTP/1.1\r\n", header, "\r\n\r\n"].concat())
    }

    #[test]
    fn the_token_comes_as_a_bearer_or_as_a_password() {
        assert!(passes("Host: x\r\nauthorization: bearer s3cret"));
        // anyone:s3cret
        assert!(passes("Authorization: Basic YW55b25lOnMzY3JldA=="));
    }

    #[test]
    fn anything_else_does_not_pass() {
        for header in [
            "Host: x",
            "Authorization:",
            "Authorization: Bearer",
            "Authorization: Bearer s3cre",
            "Authorization: Bearer s3crets",
            "Authorization: Bearer s3crets3cret",
            "Authorization: Bearer S3cret",
            "Authorization: s3cret",
            "Authorization: Basic s3cret",
            // s3cret:
            "Authorization: Basic czNjcmV0Og==",
            "X-Authorization: Bearer s3cret",
        ] {
            assert!(!passes(header), "{header}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_refused() {
        for text in ["", "two words", "a\r\nb", "grün"] {
            assert_eq!(Token::new(text).unwrap_err().kind(), ErrorKind::InvalidInput, "{text:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(std::format!("{:?}", Token::new("s3cret").unwrap()), "Token(..)");
    }

    #[test]
    fn base64_is_undone() {
        assert_eq!(from_base64("").unwrap(), b"");
        assert_eq!(from_base64("YQ==").unwrap(), b"a");
        assert_eq!(from_base64("YWI").unwrap(), b"ab");
        assert_eq!(from_base64("+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        assert_eq!(from_base64("a-b"), None);
    }
}
