//! Answers to requests on the admin socket.

use super::protocol::{
    Answer, Ban, Host, MAX_HOSTS, MAX_NAMES, Person, Request, Room, Status, Used,
};
use super::{Operator, PATIENCE, Reloaded, usage};
use chat_core::{Limits, ORDER_TIMES};
use chat_net::Admin;
use std::path::PathBuf;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

impl Operator {
    /// Does what was asked.
    pub(super) async fn answer(&self, request: Request) -> Answer {
        let answered = match request {
            Request::Status => self.status().await,
            Request::Who => self.who().await,
            Request::Rooms => self.rooms().await,
            Request::Say { text } => self.say(text).await,
            Request::Kick { whom, reason } => self.kick(whom, reason).await,
            Request::Grant { name } => self.set_admin(name, true).await,
            Request::Revoke { name } => self.set_admin(name, false).await,
            Request::FreeName { name } => self.free_name(name).await,
            Request::Ban {
                whom,
                duration,
                reason,
            } => {
                let words = [duration.unwrap_or_default(), reason];
                let words = words.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
                let rest: Vec<&str> = words.collect();
                self.order("ban", whom, &rest.join(" ")).await
            }
            Request::Unban { whom } => self.order("unban", whom, "").await,
            Request::Bans => self.bans().await,
            Request::Reload => self.reload().await.map(|it| {
                let Reloaded {
                    applied, restart, ..
                } = it;
                Answer::Reloaded {
                    applied,
                    needs_restart: restart,
                }
            }),
            Request::Drain => self.drain().await,
            Request::Backup { dir } => self.backup(dir).await,
            Request::Log { level } => (self.set_log)(&level).map(|()| Answer::Logging { level }),
        };
        answered.unwrap_or_else(|text| Answer::Error { text })
    }

    async fn status(&self) -> Result<Answer, String> {
        let now = self.patient(self.control.usage()).await?;
        let census = self.patient(self.control.census(MAX_HOSTS)).await?;
        let limits = self.patient(self.control.limits()).await?;
        let disk = match self.data.clone() {
            Some(dir) => {
                let asked = spawn_blocking(move || usage::disk(&dir));
                let answered = timeout(PATIENCE, asked).await.ok().and_then(Result::ok);
                answered.and_then(Result::ok)
            }
            None => None,
        };
        let used = |used: usize, limit: usize| Used {
            used: used as u64,
            limit: limit as u64,
        };
        let Limits {
            connections,
            detached,
            copies,
            behind,
            ..
        } = limits;
        let states = census.phases.into_iter();
        let states = states.map(|(phase, count)| (format!("{phase:?}").to_lowercase(), count));
        let hosts = census.hosts.into_iter().map(|(host, connections)| Host {
            host: host.to_string(),
            connections,
        });
        Ok(Answer::Status(Box::new(Status {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: self.started.elapsed().as_secs(),
            people: now.members,
            connections: used(now.connections, connections),
            states: states.collect(),
            hosts: hosts.collect(),
            more_hosts: census.more_hosts,
            first_entry: now.first,
            last_entry: now.last,
            detached_sessions: used(now.detached, detached),
            held_bytes: Used {
                used: now.copied,
                limit: copies,
            },
            behind_bytes: Used {
                used: now.behind,
                limit: behind,
            },
            memory_bytes: usage::memory(),
            disk,
            certificate_until: self.certificate_until(),
            is_disk_full: now.is_disk_full,
            is_stopping: now.is_stopping,
        })))
    }

    /// When the certificate runs out, in milliseconds since 1970.
    fn certificate_until(&self) -> Option<i64> {
        let seconds = self.certificate.as_ref()?.seconds()?;
        seconds.checked_mul(1000)
    }

    async fn who(&self) -> Result<Answer, String> {
        let members = self.patient(self.control.members(MAX_NAMES)).await?;
        let people = members.people.iter().map(|it| Person {
            name: it.name.as_str().into(),
            connection: it.conn.map(|conn| format!("{conn:?}")),
            rooms: it.rooms.iter().map(|room| room.as_str().into()).collect(),
            address: it.host.map(|host| host.to_string()),
        });
        Ok(Answer::Who {
            people: people.collect(),
            more: members.more,
        })
    }

    async fn rooms(&self) -> Result<Answer, String> {
        let told = self.patient(self.control.rooms(MAX_NAMES)).await?;
        let rooms = told.rooms.iter().map(|(name, people)| Room {
            room: name.as_str().into(),
            people: *people,
        });
        Ok(Answer::Rooms {
            rooms: rooms.collect(),
            more: told.more,
        })
    }

    async fn say(&self, text: String) -> Result<Answer, String> {
        if text.trim().is_empty() {
            return Err("there is nothing to say".into());
        }
        let most = chat_core::MAX_LINE;
        if text.len() > most {
            return Err(format!("that is longer than {most} bytes"));
        }
        let people = self.patient(self.control.announce(text)).await?;
        Ok(Answer::Said { people })
    }

    async fn kick(&self, whom: String, reason: String) -> Result<Answer, String> {
        let most = chat_core::MAX_KICK_REASON;
        if reason.len() > most {
            return Err(format!("the reason is longer than {most} bytes"));
        }
        if self
            .patient(self.control.kick(whom.clone(), reason))
            .await?
        {
            tracing::info!(whom, "an operator had somebody go");
            Ok(Answer::Kicked { whom })
        } else {
            Err(format!(
                "nobody here is called {whom:?}, and no connection is"
            ))
        }
    }

    async fn set_admin(&self, name: String, is_admin: bool) -> Result<Answer, String> {
        match self
            .patient(self.control.set_admin(name.clone(), is_admin))
            .await?
        {
            Admin::Done | Admin::Unchanged => {
                tracing::info!(name, is_admin, "who is an administrator has changed");
                Ok(Answer::Admin { name, is_admin })
            }
            Admin::Unclaimed => Err(format!(
                "the name {name:?} belongs to nobody: they have to /claim it first"
            )),
            Admin::DiskFull => Err("the disk is full".into()),
        }
    }

    async fn free_name(&self, name: String) -> Result<Answer, String> {
        match self.patient(self.control.free_name(name.clone())).await? {
            Admin::Done | Admin::Unchanged => {
                tracing::info!(name, "an operator has ended a claim");
                Ok(Answer::Freed { name })
            }
            Admin::Unclaimed => Err(format!("the name {name:?} belongs to nobody")),
            Admin::DiskFull => Err("the disk is full".into()),
        }
    }

    /// Bans somebody from the server, or no more: what is asked for is read as what is typed in a room is.
    async fn order(&self, command: &str, whom: String, rest: &str) -> Result<Answer, String> {
        if whom.contains(char::is_whitespace) || whom.is_empty() {
            return Err(format!("{whom:?} is no name, address or network"));
        }
        let line = format!("/{command} {whom} {rest}");
        let decoded = chat_core::Request::decode(line.trim_end().as_bytes());
        let Ok(chat_core::Request::Order(asked)) = decoded else {
            let first = rest.split(' ').next().unwrap_or_default();
            return Err(format!(
                "{first:?} is no time that anybody can be banned for: {ORDER_TIMES}; a reason begins with no digit"
            ));
        };
        let asked = asked.into_owned();
        let ordered = self.patient(self.control.order(asked)).await??;
        let is_banned = command == "ban";
        tracing::info!(whom, is_banned, "who is banned from the server has changed");
        let note = "it keeps nobody out: connections of the server's own machine are exempt, unless it has limit_loopback";
        Ok(Answer::Ban {
            whom,
            is_banned,
            until: ordered.until,
            note: ordered.is_of_exempt.then(|| note.into()),
        })
    }

    async fn bans(&self) -> Result<Answer, String> {
        let bans = self.patient(self.control.bans()).await?.into_iter();
        let bans = bans.map(|it| Ban {
            whom: it.whom.map(|name| name.as_str().into()),
            address: it.from.map(|from| from.to_string()),
            until: it.until,
            by: it.by.as_str().into(),
            reason: it.reason,
        });
        Ok(Answer::Bans {
            bans: bans.collect(),
        })
    }

    async fn drain(&self) -> Result<Answer, String> {
        let drained = self.patient(self.control.drain()).await?;
        self.notify.tell("STOPPING=1");
        Ok(Answer::Draining {
            connections: drained.connections,
            is_already: drained.is_already,
        })
    }

    async fn backup(&self, dir: PathBuf) -> Result<Answer, String> {
        let Some(data) = self.data.clone() else {
            return Err(
                "this server keeps no history (--ephemeral): there is nothing to copy".into(),
            );
        };
        if !dir.is_absolute() {
            return Err("the new directory has to be an absolute path".into());
        }
        let to = dir.clone();
        let copied = spawn_blocking(move || chat_net::store::backup(&*data, &*to)).await;
        let report = copied
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let entries = report.entries;
        Ok(Answer::BackedUp { dir, entries })
    }
}
