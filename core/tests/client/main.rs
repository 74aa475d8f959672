//! The clients as their users know them.

mod json;
mod text;
