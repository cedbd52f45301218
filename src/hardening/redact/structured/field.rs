//! One value and its name.

use std::borrow::Cow;

use super::super::handle::Redactor;

impl Redactor {
    /// The value of the field `name` without what is secret: by a path that leads there, by its name, by
    /// what it looks like. Where nothing is, it is `value` itself, and nothing was allocated.
    ///
    /// A name with dots is one field inside of another.
    ///
    /// ```
    /// use buttress::redact::Redactor;
    ///
    /// let redactor = Redactor::built_in();
    /// assert_eq!(redactor.redact_field("dbPassword", "hunter2"), "[REDACTED:password]");
    /// assert_eq!(redactor.redact_field("http.authorization", "Bearer x7"), "Bearer [REDACTED:authorization]");
    /// assert_eq!(redactor.redact_field("user", "bob"), "bob");
    /// ```
    #[must_use]
    pub fn redact_field<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        self.shared().text(self.named(name), value, &mut |_, _| {})
    }
}
