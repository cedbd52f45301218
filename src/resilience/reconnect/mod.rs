//! Keep something connected.
