//! How the reference judges what comes of events and of passes.

use crate::reference::{
    Due, FULL, Meaning, Person, SHUTTING_DOWN, Stage, WELCOME, is_private, lines, too_far_behind,
};
use crate::scene::{Event, Scene};
use crate::state::{Fault, State};
use chat_core::{CloseReason, Timer, Timestamp, server_phase::Phase};
use std::collections::BTreeSet;

/// What came of an event, or of a pass of writing (`None`).
struct News {
    event: Option<Event>,
    /// What each is to get because of it.
    due: Vec<Vec<Due>>,
    /// What each got in it.
    got: Vec<Vec<u8>>,
    /// Whose line was the last to bring somebody in, and is still to be handled otherwise.
    entered: Option<usize>,
}

impl State {
    /// Holds what came of an event, or of a pass, against what the reference makes of it.
    pub(crate) fn judge(
        &mut self,
        scene: &Scene,
        event: Option<Event>,
        shown: &[u8],
        got: Vec<Vec<u8>>,
        owed: Vec<Vec<u8>>,
    ) {
        let due = vec![Vec::new(); self.people.len()];
        let mut news = News {
            event,
            due,
            got,
            entered: None,
        };
        if let Some(new) = shown.strip_prefix(&self.screen[..]) {
            for entry in lines(new) {
                self.entry(scene, &mut news, entry);
                self.screen.extend_from_slice(entry);
            }
        } else {
            self.faults.insert(Fault::Screen);
        }
        match event {
            Some(event) => self.without_entry(&mut news, event),
            None => self.not_cut_off(scene, &news),
        }
        for (i, owed) in owed.into_iter().enumerate() {
            self.compare(scene, &mut news, i, owed);
        }
    }

    /// An entry: whose it is, why it is there, and who is to hear it.
    fn entry(&mut self, scene: &Scene, news: &mut News, entry: &[u8]) {
        let text = str::from_utf8(entry).unwrap_or_default().trim_end();
        let whose = if let Some(name) = text.strip_suffix(" has joined the chat") {
            self.joined(scene, news, name)
        } else if let Some(name) = text.strip_suffix(" has left the chat") {
            self.left(scene, news, name)
        } else {
            self.said(scene, news, text)
        };
        let whose = match whose {
            Ok(whose) => whose,
            Err(fault) => {
                self.faults.insert(fault);
                return;
            }
        };
        for (i, person) in self.people.iter().enumerate() {
            let hears_own = scene.echo && text.contains(": ");
            if person.name().is_some() && (i != whose || hears_own) {
                news.due[i].push(Due {
                    line: entry.to_vec(),
                    private: false,
                });
            }
        }
    }

    fn joined(&mut self, scene: &Scene, news: &mut News, name: &str) -> Result<usize, Fault> {
        let is_theirs = |i: &usize| self.name_due(scene, news, *i).as_deref() == Some(name);
        let Some(i) = (0..self.people.len()).find(is_theirs) else {
            let someone = self.people.iter().any(|p| p.stage == Stage::Greeting);
            return Err(if someone { Fault::Names } else { Fault::Stays });
        };
        let person = &mut self.people[i];
        let mut notices = vec![WELCOME.to_owned()];
        let first = person.next();
        person.stage = Stage::In {
            name: name.to_owned(),
            silent: first.is_none(),
        };
        news.entered = first.map(|_| i);
        if let Some(Meaning::Join(asked)) = first {
            person.heard();
            if let Some(asked) = asked.filter(|asked| *asked != name) {
                notices.push(format!("* The name {asked} is taken; you are {name}.\n"));
            }
        }
        person.deadline = None;
        person.joining = Some(name.to_owned());
        news.due[i].extend(notices.into_iter().map(Due::private));
        Ok(i)
    }

    /// The name that somebody would get by joining now, if there is reason to.
    fn name_due(&self, scene: &Scene, news: &News, i: usize) -> Option<String> {
        let person = &self.people[i];
        if person.stage != Stage::Greeting {
            return None;
        }
        let is_silent = || {
            news.event == Some(Event::Timeout) && person.deadline.is_some_and(|at| at <= self.now)
        };
        let asked = match person.next() {
            Some(Meaning::Join(asked)) => asked,
            Some(_) => None,
            None if is_silent() => None,
            None => return None,
        };
        let wanted = asked.map_or(format!("USER{}", scene.parts[i].port), str::to_owned);
        let numbered = (2..).map(|n| format!("{wanted}-{n}"));
        std::iter::once(wanted.clone())
            .chain(numbered)
            .find(|name| {
                let same = |other: &str| other.eq_ignore_ascii_case(name);
                !self.people.iter().any(|p| p.name().is_some_and(same))
            })
    }

    fn said(&mut self, scene: &Scene, news: &mut News, text: &str) -> Result<usize, Fault> {
        let (name, said) = text.split_once(": ").ok_or(Fault::Said)?;
        let i = self.member(name).ok_or(Fault::Said)?;
        self.answers(news, i);
        if self.people[i].next() != Some(Meaning::Say(said)) {
            return Err(Fault::Said);
        }
        self.people[i].heard();
        let batch_is_full = self.screen.len() as u64 >= scene.limits.batch;
        if batch_is_full && news.entered.take() != Some(i) {
            self.faults.insert(Fault::Limits);
        }
        Ok(i)
    }

    fn left(&mut self, scene: &Scene, news: &mut News, name: &str) -> Result<usize, Fault> {
        let i = self.member(name).ok_or(Fault::Stays)?;
        let expired = self.people[i].deadline.is_some_and(|at| at <= self.now);
        if news.event == Some(Event::Lost(i)) {
            self.people[i].end(Stage::Gone, CloseReason::Lost);
        } else if news.event == Some(Event::Timeout) && expired {
            self.people[i].end(Stage::Gone, CloseReason::Stalled);
        } else if news.event.is_none() {
            if !self.is_too_far_behind(scene, news, i) {
                return Err(Fault::Limits);
            }
            self.people[i].end(Stage::Out, CloseReason::TooFarBehind);
            self.people[i].cut = true;
        } else {
            self.answers(news, i);
            let person = &mut self.people[i];
            if person.next() == Some(Meaning::Leave) {
                person.end(Stage::Out, CloseReason::Left);
            } else if person.next().is_none() && person.eof {
                person.end(Stage::Out, CloseReason::Eof);
            } else {
                return Err(Fault::Stays);
            }
        }
        Ok(i)
    }

    fn member(&self, name: &str) -> Option<usize> {
        self.people.iter().position(|p| p.name() == Some(name))
    }

    /// Lines that are answered in private, up to one that is not, have been acted on.
    fn answers(&mut self, news: &mut News, i: usize) {
        while let Some(answer) = self.answer(i) {
            self.people[i].heard();
            news.due[i].push(Due::private(answer));
        }
    }

    /// The answer to somebody's next line, if it is a private one.
    fn answer(&self, i: usize) -> Option<String> {
        let name = self.people[i].name()?;
        match self.people[i].next()? {
            Meaning::Join(_) => Some(format!("* You are in already, as {name}.\n")),
            Meaning::NotUtf8 => Some("* Not sent: the line is not UTF-8.\n".into()),
            Meaning::Who => {
                let mut names: Vec<_> = self.people.iter().filter_map(Person::name).collect();
                names.sort_by_key(|name| name.to_ascii_lowercase());
                let count = names.len();
                Some(format!("* In the room ({count}): {}\n", names.join(", ")))
            }
            Meaning::Say(_) | Meaning::Leave => None,
        }
    }

    /// What an event changes without an entry.
    fn without_entry(&mut self, news: &mut News, event: Event) {
        let is_over = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.now);
        let stop_is_over = is_over(self.stopped);
        for (i, person) in self.people.iter_mut().enumerate() {
            let is_in = person.name().is_some();
            match event {
                Event::Connect(of) if of == i && person.cause == Some(CloseReason::Refused) => {
                    news.due[i].push(Due::private(FULL.into()));
                }
                Event::Lost(of) if of == i && person.conn.is_some() => {
                    if is_in {
                        self.faults.insert(Fault::Stays);
                    }
                    person.end(Stage::Gone, CloseReason::Lost);
                }
                Event::Eof(of) if of == i && person.stage == Stage::Told => {
                    person.end(Stage::Gone, CloseReason::Eof);
                }
                Event::Stop if is_in || person.stage == Stage::Greeting => {
                    person.end(Stage::Out, CloseReason::Stopped);
                    news.due[i].push(Due::private(SHUTTING_DOWN.into()));
                }
                Event::Timeout if is_over(person.deadline) && person.stage != Stage::Gone => {
                    if is_in || person.stage == Stage::Greeting {
                        self.faults.insert(Fault::Deadlines);
                    }
                    person.end(Stage::Gone, CloseReason::Stalled);
                }
                Event::Timeout if stop_is_over && person.conn.is_some() => {
                    person.end(Stage::Gone, CloseReason::Stopped);
                }
                _ => {}
            }
            if person.eof && person.unheard.is_empty() {
                match person.stage {
                    Stage::Greeting => person.end(Stage::Out, CloseReason::Eof),
                    Stage::In { .. } => {
                        self.faults.insert(Fault::Stays);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Who ought to have been cut off in a pass.
    fn not_cut_off(&mut self, scene: &Scene, news: &News) {
        let ought_to =
            |i: usize| self.people[i].name().is_some() && self.is_too_far_behind(scene, news, i);
        if (0..self.people.len()).any(ought_to) {
            self.faults.insert(Fault::Limits);
        }
    }

    fn is_too_far_behind(&self, scene: &Scene, news: &News, i: usize) -> bool {
        let due: usize = news.due[i].iter().map(|due| due.line.len()).sum();
        let waits = (self.people[i].owed.len() + due).saturating_sub(news.got[i].len());
        self.people[i].full && waits as u64 > scene.limits.behind
    }

    /// Holds what somebody got and is to get against what was due to it before and what is due to
    /// it since.
    fn compare(&mut self, scene: &Scene, news: &mut News, i: usize, owed: Vec<u8>) {
        let got = std::mem::take(&mut news.got[i]);
        let person = &self.people[i];
        let begun = got.last().map_or(person.begun, |last| *last != b'\n');
        if matches!(person.stage, Stage::Away | Stage::Gone) {
            if !got.is_empty() || !owed.is_empty() {
                self.faults.insert(Fault::Closed);
            }
            self.people[i].owed.clear();
            return;
        }
        let all = [&got[..], &owed].concat();
        let goodbye = too_far_behind(scene.limits.behind);
        let may_be_cut = news.event.is_none()
            && (person.cut || person.stage == Stage::Out)
            && owed.ends_with(goodbye.as_bytes())
            && !person.owed.ends_with(goodbye.as_bytes());
        if may_be_cut {
            let rest = person.owed.get(got.len()..).unwrap_or_default();
            let line = if begun {
                lines(rest).next().unwrap_or_default()
            } else {
                &[]
            };
            let is_over = person.full && rest.len() as u64 > scene.limits.behind;
            if owed != [line, goodbye.as_bytes()].concat() {
                self.faults.insert(Fault::Bytes);
            }
            if !person.cut && !is_over {
                self.faults.insert(Fault::Limits);
            }
            self.people[i].cut = true;
        } else if let Some(added) = all.strip_prefix(&person.owed[..]) {
            for line in lines(added) {
                self.new_line(news, i, line);
            }
            for due in &news.due[i] {
                let fault = if due.private {
                    Fault::Private
                } else {
                    Fault::Heard
                };
                self.faults.insert(fault);
            }
        } else {
            self.faults.insert(Fault::Bytes);
        }
        self.people[i].owed = owed;
        self.people[i].begun = begun;
    }

    /// A line that somebody is to get since the last event.
    fn new_line(&mut self, news: &mut News, i: usize, line: &[u8]) {
        let due = &mut news.due[i];
        match due.iter().position(|due| due.line == line) {
            Some(0) => drop(due.remove(0)),
            // Where the input of several was gone on with, it is not known whose came first.
            Some(at)
                if news.event == Some(Event::Timeout)
                    && due[at].private
                    && due[..at].iter().all(|due| !due.private) =>
            {
                due.remove(at);
            }
            Some(_) => {
                self.faults.insert(Fault::Order);
            }
            None if self
                .answer(i)
                .is_some_and(|answer| answer.as_bytes() == line) =>
            {
                self.people[i].heard();
            }
            None => {
                let own = self.people[i].name().map(|name| format!("{name}: "));
                let is_own = own.is_some_and(|own| line.starts_with(own.as_bytes()));
                self.faults.insert(if is_own {
                    Fault::Echo
                } else if is_private(line) {
                    Fault::Private
                } else {
                    Fault::Heard
                });
            }
        }
    }

    /// What is to be so at any time.
    pub(crate) fn look_around(&mut self, scene: &Scene) {
        let mut faults = BTreeSet::new();
        let members = self.people.iter().filter(|p| p.name().is_some()).count();
        if self.server.population() != members {
            faults.insert(Fault::Stays);
        }
        if self.server.connections() != self.people.iter().filter(|p| p.is_open()).count() {
            faults.insert(Fault::Closed);
        }
        for person in &self.people {
            let Some(conn) = person.conn else {
                continue;
            };
            let phase = match person.stage {
                Stage::Away | Stage::Gone => Phase::Closed,
                Stage::Greeting => Phase::Greeting,
                Stage::In { silent: true, .. } => Phase::Silent,
                Stage::In { .. } => Phase::Joined,
                Stage::Out => Phase::Draining,
                Stage::Told => Phase::Lingering,
            };
            if self.server.phase(conn) != phase {
                faults.insert(Fault::Stays);
            }
            if phase < Phase::Draining {
                let wants = self.server.wants_input(conn);
                let batch_is_full = self.screen.len() as u64 >= scene.limits.batch;
                let owes_much = person.private() >= scene.limits.private;
                if wants && !person.unheard.is_empty() {
                    faults.insert(Fault::Said);
                }
                let is_free = person.owed.is_empty() && person.unheard.is_empty() && !person.eof;
                if wants && owes_much || !wants && !batch_is_full && is_free {
                    faults.insert(Fault::Limits);
                }
            }
        }
        let deadlines = self.people.iter().filter_map(|person| person.deadline);
        let over = self.stopped.filter(|at| *at > self.now);
        let first = deadlines.chain(over).min();
        let is_right = match self.server.next_timeout() {
            Some((_, Timer::Resume)) => self.people.iter().any(|p| !p.unheard.is_empty()),
            next => next.map(|(at, _)| at) == first,
        };
        if !is_right {
            faults.insert(Fault::Deadlines);
        }
        self.faults.extend(faults);
    }
}
