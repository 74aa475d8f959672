//! Devices with which an owner comes back to their name without its password (PROTOCOL.md, "Devices").

use super::Server;
use crate::mark::{Mark, mark};
use crate::room::accounts::{ended, used};
use crate::types::conn_id::ConnId;
use crate::types::device::Device;
use crate::types::limits::{MAX_DEVICES, MAX_LABEL};
use crate::types::name::Name;
use crate::types::secret::Secret;
use crate::wire::answer::Answer;
use crate::wire::devices::{Listed, devices};
use crate::wire::dialect::Dialect;
use crate::wire::json::{DeviceOf, Hello, Message};
use crate::wire::notice::Notice;
use crate::wire::printable::{is_blank, printable};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Why a device does not open a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// It is none of the name's, or none any more.
    Wrong,
    /// Others can read along.
    InClear,
    /// Too many passwords and devices were tried, until so much time has passed.
    TooManyGuesses(Duration),
}

impl Server {
    /// The name that belongs to whoever comes with the device that their first line names, if it names one. Whoever has that
    /// name has another one then.
    pub(super) fn open_by_device(
        &mut self,
        id: ConnId,
        hello: &Hello<'_>,
    ) -> Result<Option<Name>, NotOpened> {
        let Some(token) = hello.device.as_deref() else {
            return Ok(None);
        };
        if self.may_send_password(id).is_err() {
            return Err(NotOpened::InClear);
        }
        let is_granted = self.may_guess_on(id);
        is_granted.map_err(NotOpened::TooManyGuesses)?;
        let asked = hello.name.as_deref().map(Name::parse).and_then(Result::ok);
        let account = asked.and_then(|asked| self.rooms.accounts().find(&asked));
        let found = account.and_then(|(own, account)| {
            let device = account.devices.find(token)?;
            let is_last = account.devices.all().last() == Some(device);
            Some((own.clone(), device.to_text(), is_last))
        });
        let Some((own, device, is_last)) = found else {
            // What is right costs nothing: many may come back from one host at once. Nor does anything count against the name:
            // nobody finds 128 bits from however many hosts, and nobody is to keep an owner out by trying.
            return Err(match self.take_guess(id) {
                Ok(()) => NotOpened::Wrong,
                Err(wait) => NotOpened::TooManyGuesses(wait),
            });
        };
        mark(Mark::CameBack);
        if !is_last {
            self.order_account(&used(&own, &device));
        }
        self.displace_all(&own, None);
        Ok(Some(own))
    }

    /// Tells whoever has joined under this name why their device has not opened the one that they asked for.
    pub(super) fn refuse_device(&mut self, id: ConnId, why: NotOpened, asked: &str, name: &Name) {
        mark(Mark::DeviceRefused);
        let answer = match why {
            NotOpened::Wrong => Answer::DeviceWrong { asked, name },
            NotOpened::InClear => Answer::DeviceInClear,
            NotOpened::TooManyGuesses(wait) => Answer::TooManyGuesses(wait),
        };
        self.refuse_answer(id, answer, None);
    }

    /// The owner of a name has one device more, if they ask for one that is called so; its token. The one that was not used for
    /// longest goes, where there are too many.
    pub(super) fn new_device(&mut self, own: &Name, label: Option<&str>) -> Option<Secret<String>> {
        let label = label?;
        let (_, account) = self.rooms.accounts().find(own)?;
        let (number, all) = (account.devices.next(), account.devices.all());
        let surplus = all.len() + 1 - MAX_DEVICES.min(all.len() + 1);
        let surplus: Vec<u32> = all.iter().take(surplus).map(|it| it.number).collect();
        for number in surplus {
            mark(Mark::DeviceGaveWay);
            self.order_account(&ended(own, &number.to_string()));
        }
        let token = self.issue();
        let device = Device::new(number, self.wall(), &token, label);
        self.order_account(&used(own, &device.to_text()));
        Some(Secret(token))
    }

    /// Tells the owner of a name with which devices they come back.
    pub(super) fn send_devices(&mut self, id: ConnId, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let name = &name;
        let Some((own, account)) = self.rooms.accounts().find(name) else {
            return self.refuse_answer(id, Answer::NotClaimed(name), given);
        };
        let now = self.wall();
        let mut all: Vec<&Device> = account.devices.all().iter().collect();
        all.sort_by_key(|it| it.number);
        let all = all.into_iter().map(|it| Listed {
            number: it.number,
            label: &it.label,
            age_ms: now.saturating_sub(it.made),
        });
        let line = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => Message::Devices {
                name: own.as_str().into(),
                devices: all
                    .map(|it| DeviceOf {
                        number: it.number,
                        label: it.label.into(),
                        age_ms: it.age_ms,
                    })
                    .collect(),
                id: given.map(Into::into),
            }
            .to_line(),
            _ => devices(own.as_str(), all) + "\n",
        };
        self.note_when_kept(id, &line);
    }

    /// A device is to open the name of its owner no more.
    pub(super) fn revoke(&mut self, id: ConnId, number: u32, given: Option<&str>) {
        let Some(name) = self.name_of(id) else {
            return;
        };
        let found = self.rooms.accounts().find(&name);
        let found = found.map(|(own, account)| {
            let mut all = account.devices.all().iter();
            (own.clone(), all.any(|it| it.number == number))
        });
        let own = match found {
            None => return self.refuse_answer(id, Answer::NotClaimed(&name), given),
            Some((_, false)) => return self.refuse_answer(id, Answer::NoDevice(number), given),
            Some(_) if self.is_disk_full() => {
                return self.refuse_answer(id, Answer::NotDone, given);
            }
            Some((own, true)) => own,
        };
        self.order_account(&ended(&own, &number.to_string()));
        let line = match self.connections.get(id).map(|c| c.dialect) {
            Some(Dialect::Json) => Message::Revoked {
                device: number,
                id: given.map(Into::into),
            }
            .to_line(),
            _ => Notice::Answer(Answer::Revoked(number)).to_line(Dialect::Text),
        };
        self.note_when_kept(id, &line);
    }
}

/// Whether a device may be called this: it may have no label.
pub(super) fn may_be_label<'a>(label: &str) -> Result<(), Answer<'a>> {
    let is_shown = label.is_empty() || !is_blank(label);
    let is_fit = label.len() <= MAX_LABEL && printable(label) == label && is_shown;
    is_fit.then_some(()).ok_or(Answer::LabelInvalid)
}
