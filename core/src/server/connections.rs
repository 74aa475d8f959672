//! The connections there are, found by their ids.

use super::connection::Connection;
use crate::types::conn_id::ConnId;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// All connections, found by their [`ConnId`] in constant time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Connections {
    slots: Vec<(NonZeroU32, Option<Connection>)>,
    free: Vec<u32>,
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, connection: Connection) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((NonZeroU32::MIN, None));
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(connection);
        ConnId {
            slot,
            generation: *generation,
        }
    }

    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Connection> {
        let (generation, place) = self.slots.get_mut(id.slot())?;
        if *generation != id.generation {
            return None;
        }
        let connection = place.take()?;
        *generation = generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(id.slot);
        Some(connection)
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Connection> {
        let (generation, place) = self.slots.get(id.slot())?;
        place.as_ref().filter(|_| *generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Connection> {
        let (generation, place) = self.slots.get_mut(id.slot())?;
        place.as_mut().filter(|_| *generation == id.generation)
    }

    /// The connections there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter_map(|(_, place)| place.as_ref())
    }

    /// The ids of the connections there are, by slot.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        let open = |(slot, (generation, place)): (usize, &(NonZeroU32, Option<Connection>))| {
            place.as_ref()?;
            Some(ConnId {
                slot: u32::try_from(slot).ok()?,
                generation: *generation,
            })
        };
        self.slots.iter().enumerate().filter_map(open).collect()
    }
}
