//! room store
