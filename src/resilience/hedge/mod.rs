//! Ask a second time when the first answer is slow to come.
