//! Measure how long operations take.
