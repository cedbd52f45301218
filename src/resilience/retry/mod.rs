//! Try again, well.
