//! Sets of bytes.

/// How many classes there are; a scan remembers one run of each.
pub(super) const CLASSES: usize = 32;

/// A set of bytes with a number of its own.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) number: usize,
    members: [bool; 256],
}

impl Class {
    /// The bytes of `spec`, where `a-z` is a range; a `-` in front is itself.
    const fn of(number: usize, spec: &[u8]) -> Self {
        let mut members = [false; 256];
        let mut at = 0;
        while at < spec.len() {
            let first = spec[at];
            let last =
                if at + 2 < spec.len() && spec[at + 1] == b'-' { spec[at + 2] } else { first };
            let mut byte = first as usize;
            while byte <= last as usize {
                members[byte] = true;
                byte += 1;
            }
            at += if at + 2 < spec.len() && spec[at + 1] == b'-' { 3 } else { 1 };
        }
        assert!(number < CLASSES);
        Self { number, members }
    }

    /// All bytes but those of `spec`.
    const fn but(number: usize, spec: &[u8]) -> Self {
        let mut class = Self::of(number, spec);
        let mut byte = 0;
        while byte < 256 {
            class.members[byte] = !class.members[byte];
            byte += 1;
        }
        class
    }

    #[inline]
    pub(super) const fn has(&self, byte: u8) -> bool {
        self.members[byte as usize]
    }
}

pub(super) static DIGIT: Class = Class::of(0, b"0-9");
pub(super) static HEX: Class = Class::of(1, b"0-9a-f");
pub(super) static HEX_ANY: Class = Class::of(2, b"0-9a-fA-F");
pub(super) static LOWER: Class = Class::of(3, b"0-9a-z");
pub(super) static UPPER: Class = Class::of(4, b"0-9A-Z");
pub(super) static ALNUM: Class = Class::of(5, b"0-9A-Za-z");
pub(super) static WORD: Class = Class::of(6, b"0-9A-Za-z_");
pub(super) static DASHED: Class = Class::of(7, b"-0-9A-Za-z");
pub(super) static TOKEN: Class = Class::of(8, b"-0-9A-Za-z_");
pub(super) static DOTTED: Class = Class::of(9, b"-0-9A-Za-z_.");
pub(super) static PADDED: Class = Class::of(10, b"-0-9A-Za-z_.=");
pub(super) static BASE64: Class = Class::of(11, b"0-9A-Za-z+/=");
pub(super) static BASE64_ANY: Class = Class::of(12, b"-0-9A-Za-z+/=_");
pub(super) static PERCENT: Class = Class::of(13, b"-0-9A-Za-z+/=_%.~");
pub(super) static BASE32: Class = Class::of(14, b"2-7A-Z");
pub(super) static BECH32: Class = Class::of(15, b"02-9AC-HJ-NP-Z");
pub(super) static UUID: Class = Class::of(16, b"-0-9a-fA-F");
/// What stands between a scheme word and the end of a header's value.
pub(super) static CREDENTIAL: Class = Class::of(17, b"-0-9A-Za-z._~+/=:|!#%*@");
/// What a password without quotes may be made of.
pub(super) static BARE: Class = Class::but(18, b"\x00-\x20\x7f\"'`<>");
/// Up to the end of the line.
pub(super) static LINE: Class = Class::but(19, b"\r\n");
/// The user, the password and the host of a URL.
pub(super) static AUTHORITY: Class = Class::but(20, b"\x00-\x20\x7f\"'`<>\\/?#");
/// Client secrets of Azure.
pub(super) static AZURE_SECRET: Class = Class::of(21, b"-0-9A-Za-z_.~");
/// Hashes of passwords.
pub(super) static HASH: Class = Class::of(22, b"-0-9A-Za-z+/=.,$:*");
/// The path and query of a web hook.
pub(super) static URLISH: Class = Class::of(23, b"-0-9A-Za-z_/@?=&%.");
pub(super) static PADDED_TOKEN: Class = Class::of(24, b"-0-9A-Za-z_=");
pub(super) static SQUARE: Class = Class::of(25, b"-0-9A-Za-z_]");
/// What stands between `BEGIN` and the dashes.
pub(super) static PEM_NAME: Class = Class::of(26, b"A-Z0-9 ");
pub(super) static DASH: Class = Class::of(27, b"-");
/// Answers of a ticket server, as crackers write them.
pub(super) static KERBEROS: Class = Class::of(28, b"-0-9A-Za-z_.$*@:/");
/// Tokens, in a URL or not.
pub(super) static OPAQUE: Class = Class::of(29, b"-0-9A-Za-z+/_.~%");
/// A list of names of columns, in a statement.
pub(super) static COLUMNS: Class = Class::of(30, b"0-9A-Za-z_,. \"`[]\n\r\t");
/// The names of columns in the first line of a table.
pub(super) static HEADS: Class = Class::of(31, b"-0-9A-Za-z_.,;|\t \"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_dashes() {
        assert!(HEX.has(b'f') && !HEX.has(b'g') && !HEX.has(b'-'));
        assert!(TOKEN.has(b'-') && TOKEN.has(b'_') && !TOKEN.has(b'.'));
        assert!(!BARE.has(b' ') && BARE.has(b'!') && BARE.has(0xd0));
    }

    #[test]
    fn numbers_differ() {
        let all = [
            &DIGIT,
            &HEX,
            &HEX_ANY,
            &LOWER,
            &UPPER,
            &ALNUM,
            &WORD,
            &DASHED,
            &TOKEN,
            &DOTTED,
            &PADDED,
            &BASE64,
            &BASE64_ANY,
            &PERCENT,
            &BASE32,
            &BECH32,
            &UUID,
            &CREDENTIAL,
            &BARE,
            &LINE,
            &AUTHORITY,
            &AZURE_SECRET,
            &HASH,
            &URLISH,
            &PADDED_TOKEN,
            &SQUARE,
            &PEM_NAME,
            &DASH,
            &KERBEROS,
            &OPAQUE,
            &COLUMNS,
            &HEADS,
        ];
        assert!(all.iter().enumerate().all(|(number, class)| class.number == number));
        assert_eq!(all.len(), CLASSES);
    }
}
