//! Have something to answer when the answer is not to be had.
