//! room sys
