//! What a panic says.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    io::Write,
    panic::PanicHookInfo,
};

use super::handle::Logs;

impl Logs {
    /// Lets panics say what they say without secrets, on the standard error output.
    ///
    /// It takes the place of the hook that was there: that would be given the message as it is, and most
    /// hooks print it. A backtrace follows as `RUST_BACKTRACE` says. To put the message elsewhere as well, or instead, see
    /// [`panic_hook`](Self::panic_hook).
    pub fn hook_panics(&self) {
        std::panic::set_hook(Box::new(self.panic_hook(|message| {
            // Nobody is left to be told, and to panic now would end the process.
            let _nobody_to_tell = writeln!(std::io::stderr().lock(), "{message}");
        })));
    }

    /// A hook for [`std::panic::set_hook`] that gives `tell` what there is to say: thread, place, message, and a
    /// backtrace if `RUST_BACKTRACE` asks for one.
    ///
    /// The message is that of `panic!`; what was thrown by `panic_any` is not printed. `tell` must not panic: a
    /// panic in a hook ends the process.
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    ///
    /// let hook = Logs::default().panic_hook(|message| tracing::error!("{message}"));
    /// std::panic::set_hook(Box::new(hook));
    /// ```
    pub fn panic_hook(
        &self,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> impl Fn(&PanicHookInfo<'_>) + Send + Sync + 'static {
        let logs = self.clone();
        move |panic| tell(&logs.panicked(panic))
    }

    fn panicked(&self, panic: &PanicHookInfo<'_>) -> String {
        let thread = std::thread::current();
        let name = self.text(thread.name().unwrap_or("<unnamed>")).into_owned();
        let message = self.text(said(panic.payload())).into_owned();
        let mut text = match panic.location() {
            Some(place) => format!("thread '{name}' panicked at {place}: {message}"),
            None => format!("thread '{name}' panicked: {message}"),
        };
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text.push('\n');
            // Of several lines, and names of functions: nothing in it came from outside.
            text.push_str(&self.shared().redactor.redact(&backtrace.to_string()));
        }
        text
    }
}

/// The message of a panic.
fn said(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("something that is no text")
}
