//! The devices that this client is for its person: with them, it comes back to their names without a password (PROTOCOL.md,
//! "Devices").

use super::JsonClient;
use super::memory::OwnDevice;
use crate::client::ClientAction;
use crate::types::name::Name;
use crate::types::secret::Secret;
use crate::wire::json::{Code, Hello, Message};
use crate::wire::printable::printable;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// So many names that belong to its person does a client remember; the one that it came to last comes last.
const MAX_OWN: usize = 16;

impl JsonClient {
    /// What a device is to be called that is asked for with a password; none where its token could not be kept.
    pub(super) fn label(&self) -> Option<Cow<'static, str>> {
        let label = self.setup.device.clone().filter(|_| self.setup.keeps);
        label.map(Cow::Owned)
    }

    /// The device for the name that the first line asks for. It is sent only where nobody can read along.
    pub(super) fn own_device(&self) -> Option<&OwnDevice> {
        let name = self.memory.name.as_deref()?;
        let mut all = self.memory.devices.iter();
        let found = all.find(|it| it.is_for(name));
        found.filter(|_| self.setup.is_private && !self.reads)
    }

    /// Takes note of what a server says of the names that belong to its person.
    pub(super) fn follow_devices(&mut self, message: &Message<'_>) {
        match message {
            Message::Account {
                name,
                claimed: true,
                device: Some(token),
                ..
            } if self.setup.keeps && is_fit(name, token) => self.keep_device(name, token),
            Message::Account {
                name,
                claimed: false,
                ..
            } => self.forget_device(name),
            Message::Error {
                code: Code::WrongDevice,
                ..
            } => {
                if let Some(name) = self.connection.device_of.take() {
                    self.forget_device(&name);
                }
            }
            _ => {}
        }
    }

    fn keep_device(&mut self, name: &str, token: &str) {
        self.forget_device(name);
        let devices = &mut self.memory.devices;
        devices.push_back(OwnDevice {
            name: name.into(),
            token: Secret(token.into()),
        });
        if devices.len() > MAX_OWN {
            devices.pop_front();
        }
        self.keep_first();
        let news = format!(
            "* From here, you come back as {} without the password. /devices lists where you do.",
            printable(name)
        );
        self.actions.push_back(ClientAction::Notice(news));
    }

    fn forget_device(&mut self, name: &str) {
        let before = self.memory.devices.len();
        self.memory.devices.retain(|it| !it.is_for(name));
        if self.memory.devices.len() < before {
            self.keep_first();
        }
    }
}

/// Whether both are what a server gives: what is kept is bounded.
fn is_fit(name: &str, token: &str) -> bool {
    Name::parse(name).is_ok() && Hello::is_token(token)
}

/// A line as a program that reads objects sees it: the token of a device is for this client alone.
pub(super) fn without_token<'a>(message: &Message<'_>, line: &'a str) -> Cow<'a, str> {
    match message {
        Message::Account {
            name,
            claimed,
            device: Some(_),
            id,
        } => {
            let told = Message::Account {
                name: name.clone(),
                claimed: *claimed,
                device: None,
                id: id.clone(),
            };
            Cow::Owned(String::from(told.to_line().trim_end()))
        }
        _ => Cow::Borrowed(line),
    }
}
