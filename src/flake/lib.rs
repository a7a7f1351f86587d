//! room flake
