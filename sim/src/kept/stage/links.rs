//! Connections between the clients and the server: how they are made, carry bytes, and fail.

use super::{Happening, Stage};
use crate::text::visible;
use chat_core::{ClientInput, ConnId, Input, Server};
use std::collections::VecDeque;

/// A connection.
pub(super) struct Link {
    pub(super) conn: ConnId,
    pub(super) client: usize,
    pub(super) up: VecDeque<u8>,
    pub(super) down: VecDeque<u8>,
    pub(super) server_open: bool,
    pub(super) client_open: bool,
    /// The server sends nothing more.
    pub(super) ended: bool,
    /// It could not take all that it was given.
    pub(super) full: bool,
}

impl Stage<'_> {
    /// The server may not hear of it for a while.
    pub(super) fn give_up(&mut self, who: usize) {
        if let Some(old) = self.clients[who].link.take() {
            self.links[old].client_open = false;
        }
    }

    /// Whether a connection could be made.
    pub(super) fn connect(&mut self, who: usize) -> bool {
        if self.clients[who].is_over {
            return false;
        }
        self.give_up(who);
        let now = self.clock();
        let from = self.world.peer(who);
        let Some(conn) = self.server.as_mut().and_then(|it| it.accept(now, from)) else {
            return false;
        };
        self.count(Happening::Connected);
        let link = self.links.len();
        let first = self.clients[who].connects(link);
        self.links.push(Link {
            conn,
            client: who,
            up: first.into_bytes().into(),
            down: VecDeque::new(),
            server_open: true,
            client_open: true,
            ended: false,
            full: false,
        });
        self.serve();
        true
    }

    pub(super) fn send(&mut self, who: usize, line: &str) {
        self.drive(who);
        if let Some(link) = self.clients[who].link {
            self.links[link].up.extend(line.as_bytes());
        }
    }

    /// A connection fails.
    pub(super) fn lose(&mut self, link: usize) {
        self.count(Happening::Lost);
        let it = &mut self.links[link];
        if std::mem::replace(&mut it.client_open, false) {
            self.clients[it.client].link = None;
        }
        if it.server_open {
            let conn = it.conn;
            self.handle(Input::Lost(conn));
        }
    }

    /// The server hears of a connection that the client has given up.
    pub(super) fn hear_of_loss(&mut self, link: usize) -> bool {
        let it = &self.links[link];
        let is_news = !it.client_open && it.server_open;
        if is_news {
            self.lose(link);
        }
        is_news
    }

    pub(super) fn arrive_up(&mut self, link: usize, all: bool) -> bool {
        let it = &mut self.links[link];
        let wants = |server: &Server| server.wants_input(it.conn);
        if !it.server_open || it.up.is_empty() || !self.server.as_ref().is_some_and(wants) {
            return false;
        }
        let count = if all {
            it.up.len()
        } else {
            1 + self.dice.below(it.up.len())
        };
        let bytes: Vec<u8> = it.up.drain(..count.min(4096)).collect();
        let (conn, who) = (it.conn, it.client);
        self.note(|| format!("client {who} > {}", visible(&bytes)));
        self.handle(Input::Received(conn, &bytes));
        true
    }

    pub(super) fn arrive_down(&mut self, link: usize, all: bool) -> bool {
        let it = &mut self.links[link];
        if !it.client_open {
            return false;
        }
        if it.down.is_empty() {
            if !it.ended {
                return false;
            }
            it.client_open = false;
            let who = it.client;
            self.clients[who].link = None;
            if it.server_open {
                let conn = it.conn;
                self.handle(Input::Eof(conn));
            }
            self.tell(who, ClientInput::Eof);
            return true;
        }
        let count = if all {
            it.down.len()
        } else {
            1 + self.dice.below(it.down.len())
        };
        let bytes: Vec<u8> = it.down.drain(..count).collect();
        self.deliveries += 1;
        let who = it.client;
        self.note(|| format!("client {who} < {}", visible(&bytes)));
        let it = &mut self.links[link];
        let answer = self.clients[it.client].hears(&bytes, &self.disk);
        it.up.extend(answer.as_bytes());
        let is_full = std::mem::take(&mut it.full) && it.server_open;
        let conn = it.conn;
        self.tell(who, ClientInput::Received(&bytes));
        if is_full {
            self.handle(Input::Writable(conn));
        }
        true
    }
}
