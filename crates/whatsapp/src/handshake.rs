//! Is this callback address ours? Meta asks once, with a GET, when the webhook is set up.
//!
//! `?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=<token>` is answered with 200 and the challenge alone as
//! `text/plain`; anything else with 403.

use serde::Deserialize;
use subtle::ConstantTimeEq;

/// The query of the verification request, as Meta names its fields. Absent ones are refused by [`verify`].
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Question {
    /// `subscribe` in every request that is to be accepted.
    #[serde(rename = "hub.mode", default)]
    pub mode: String,
    /// The token that was typed into Meta's console.
    #[serde(rename = "hub.verify_token", default)]
    pub verify_token: String,
    /// The text to send back.
    #[serde(rename = "hub.challenge", default)]
    pub challenge: String,
}

/// Why the verification request is refused. All of them are answered with 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The mode is not `subscribe`.
    #[error("the mode is not subscribe")]
    Mode,
    /// The token is not ours, or we hold none.
    #[error("the verify token is not ours")]
    Token,
    /// There is no challenge to send back.
    #[error("the challenge is missing")]
    Challenge,
}

/// The challenge to answer with when the question carries our token. The token is compared in constant time.
pub fn verify<'q>(token: &str, question: &'q Question) -> Result<&'q str, Refusal> {
    if question.mode != "subscribe" {
        return Err(Refusal::Mode);
    }
    let equal = bool::from(token.as_bytes().ct_eq(question.verify_token.as_bytes()));
    if token.is_empty() || !equal {
        return Err(Refusal::Token);
    }
    if question.challenge.is_empty() {
        return Err(Refusal::Challenge);
    }
    Ok(&question.challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(mode: &str, token: &str, challenge: &str) -> Question {
        Question { mode: mode.into(), verify_token: token.into(), challenge: challenge.into() }
    }

    #[test]
    fn our_token_gets_the_challenge_back() {
        assert_eq!(verify("sesame", &question("subscribe", "sesame", "1158201444")), Ok("1158201444"));
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(verify("sesame", &question("unsubscribe", "sesame", "1")), Err(Refusal::Mode));
        assert_eq!(verify("sesame", &question("subscribe", "sesam", "1")), Err(Refusal::Token));
        assert_eq!(verify("sesame", &question("subscribe", "", "1")), Err(Refusal::Token));
        assert_eq!(verify("", &question("subscribe", "", "1")), Err(Refusal::Token));
        assert_eq!(verify("sesame", &question("subscribe", "sesame", "")), Err(Refusal::Challenge));
    }

    #[test]
    fn the_question_is_read_from_the_names_meta_uses() {
        let read: Question =
            serde_json::from_str(r#"{"hub.mode":"subscribe","hub.verify_token":"t","hub.challenge":"c"}"#).unwrap();
        assert_eq!(verify("t", &read), Ok("c"));
    }
}
