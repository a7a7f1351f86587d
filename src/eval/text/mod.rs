//! Pure functions on byte strings that builtins are made of: no values, no heap, no IO.
