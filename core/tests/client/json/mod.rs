//! The client that resumes: what its person sees, and what becomes of what they type.

mod chat;
mod devices;
mod ignoring;
mod keeping;
mod leaving;
mod looks;
mod many;
mod names;
mod order;
mod people;
mod reading;
mod resuming;
mod rooms;
mod words;
