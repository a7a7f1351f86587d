//! room eval
