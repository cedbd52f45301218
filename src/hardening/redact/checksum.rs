//! Check digits of tokens. They say how sure a finding is; they excuse nothing.

/// Whether the last six bytes are the CRC-32 of those between the last underscore and them, in
/// base 62.
pub(super) fn crc_base62(token: &[u8]) -> bool {
    let start = token.iter().rposition(|byte| *byte == b'_').map_or(0, |at| at + 1);
    let body = token.get(start..).unwrap_or_default();
    let Some(split) = body.len().checked_sub(6).filter(|split| *split > 0) else {
        return false;
    };
    let (body, check) = body.split_at(split);
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(u64::from(byte - b'0')),
        b'A'..=b'Z' => Some(u64::from(byte - b'A') + 10),
        b'a'..=b'z' => Some(u64::from(byte - b'a') + 36),
        _ => None,
    };
    let value = check.iter().try_fold(0_u64, |sum, byte| Some(sum * 62 + digit(*byte)?));
    value == Some(u64::from(crc32(body)))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Whether a token begins with base64 of `{"` and has a first part.
pub(super) fn jwt_header(token: &[u8]) -> bool {
    let Some(dot) = token.iter().take(2048).position(|byte| *byte == b'.') else {
        return false;
    };
    let header = decode(token.get(..dot).unwrap_or_default());
    header.first() == Some(&b'{')
        && header.last() == Some(&b'}')
        && header.windows(5).any(|five| five == b"\"alg\"")
}

/// Base64 in its usual alphabets, up to what is none.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_standard_check() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn base64() {
        assert_eq!(decode(b"eyJhbGciOiJub25lIn0"), br#"{"alg":"none"}"#);
        assert!(jwt_header(b"eyJhbGciOiJub25lIn0.e30."));
        assert!(!jwt_header(b"eyJhbGciOiJub25lIn0"));
    }
}
