//! The server as its clients know it: who hears what, and every limit at it and one past it.

mod accounts;
mod backfill;
mod behind;
mod closing;
mod details;
mod devices;
mod durable;
mod hosts;
mod json;
mod limits;
mod operator;
mod order;
mod people;
mod rate;
mod redact;
mod room;
mod rooms;
mod rounds;
mod slow_clients;
mod standstill;
mod turns;
mod words;
mod world;
