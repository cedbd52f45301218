use std::borrow::Cow;

use super::RedisKey;

impl RedisKey for http::HeaderValue {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}
