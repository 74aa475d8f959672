//! What those who look after the server order in the lobby, without being there (PROTOCOL.md, "Order").

use super::Server;
use super::orders::refused;
use crate::room::RoomId;
use crate::room::decide::{Command, decide, server_name};
use crate::types::order::Order;
use crate::wire::answer::Answer;
use crate::wire::asked::Asked;
use alloc::string::{String, ToString};

impl Server {
    /// Why [`Input::Order`](super::Input::Order) would be of no consequence, in words; nothing, if it is done.
    pub fn refusal_of(&self, asked: &Asked<'_>) -> Option<String> {
        if self.is_disk_full() {
            return Some(Answer::NotDone.to_string());
        }
        let order = match self.meant_outside(asked) {
            Ok(order) => order,
            Err(answer) => return Some(answer.to_string()),
        };
        let text = order.to_text();
        let known = self
            .rooms
            .lobby()
            .room
            .known(self.rooms.names(), self.wall());
        let refusal = decide(known, Command::OrderByServer(&text)).err()?;
        Some(refused(refusal, &order, asked).to_string())
    }

    /// Somebody is kept out of the server, or let in again.
    pub(super) fn order_outside(&mut self, asked: &Asked<'_>) {
        if self.is_disk_full() {
            return;
        }
        let Ok(order) = self.meant_outside(asked) else {
            return;
        };
        let (text, now) = (order.to_text(), self.wall());
        let command = Command::OrderByServer(&text);
        if self.rooms.order(RoomId::LOBBY, now, command).is_ok() {
            self.show_address(RoomId::LOBBY, &order);
            self.carry_out_order(RoomId::LOBBY, &server_name(), &order);
        }
    }

    fn meant_outside<'a>(&self, asked: &'a Asked<'_>) -> Result<Order<'a>, Answer<'a>> {
        match asked {
            Asked::Ban { .. } | Asked::Unban(_) => self.meant(RoomId::LOBBY, asked),
            _ => Err(Answer::NotFromOutside),
        }
    }

    /// How many entries there have been since the server was started, of which [`settled`](Self::settled) says how many are
    /// there to stay.
    pub fn ordered(&self) -> u64 {
        self.rooms.ordered()
    }

    /// How many of the entries are committed, where a store keeps them, and else all.
    pub fn settled(&self) -> u64 {
        self.rooms.committed()
    }
}
