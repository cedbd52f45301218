//! What stands in the place of a secret.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{
    config::Mask,
    rules::{self, MASK, Rules},
    span::{Span, Tag},
};

/// The shortest secret of which four bytes may be shown.
const SHOWN: usize = 20;

/// Writes the mask of `span`, whose bytes are `secret` where they are known.
pub(super) fn write(
    mask: &Mask,
    rules: &Rules,
    span: &Span,
    secret: Option<&[u8]>,
    to: &mut Vec<u8>,
) {
    if let Mask::Fixed(text) = mask {
        to.extend_from_slice(text.as_bytes());
        return;
    }
    to.extend_from_slice(MASK.as_bytes());
    to.push(b':');
    let name = rules.name(span.tag).as_str();
    to.extend(name.bytes().map(|byte| if byte.is_ascii_alphanumeric() { byte } else { b'-' }));
    let secret = secret.filter(|_| !span.long);
    match (mask, secret) {
        (Mask::KeepLastFour, Some(secret)) if is_generated(span.tag) && secret.len() >= SHOWN => {
            let end = secret.get(secret.len() - 4..).unwrap_or_default();
            if end.iter().all(u8::is_ascii_alphanumeric) {
                to.extend_from_slice(b":");
                to.extend_from_slice(end);
            }
        }
        (Mask::Fingerprint(key), Some(secret)) if !is_guessable(span.tag, secret) => {
            if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
                hmac.update(b"buttress-fp-v1");
                hmac.update(secret);
                to.push(b'#');
                for byte in hmac.finalize().into_bytes().iter().take(6) {
                    to.extend([
                        b"0123456789abcdef"[usize::from(byte >> 4)],
                        b"0123456789abcdef"[usize::from(byte & 15)],
                    ]);
                }
            }
        }
        _ => {}
    }
    to.push(b']');
}

/// Whether a machine made it, so that four bytes of it say nothing about the others.
fn is_generated(tag: Tag) -> bool {
    match tag {
        Tag::Built(number) => !matches!(
            number,
            rules::PASSWORD
                | rules::SECRET
                | rules::CODE
                | rules::COOKIE
                | rules::AUTHORIZATION
                | rules::URL_PASSWORD
                | rules::PRIVATE_KEY
        ),
        Tag::Literal(_) | Tag::Pattern(_) | Tag::Pii(_) => false,
    }
}

/// Whether who has the key could find the secret by trying them all.
fn is_guessable(tag: Tag, secret: &[u8]) -> bool {
    match tag {
        Tag::Built(rules::CODE) | Tag::Pii(_) => true,
        Tag::Built(rules::PASSWORD | rules::URL_PASSWORD | rules::SECRET) | Tag::Pattern(_) => {
            secret.len() < 16
        }
        _ => secret.len() < 8,
    }
}
