//! room report
