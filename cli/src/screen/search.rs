//! The search in what is loaded, and in what the server has before that.

use super::Screen;
use super::messages::Message;
use super::mode::{Mode, Search};
use super::room::Room;
use super::view::View;
use crate::editor::line::Line;

impl Screen {
    /// What stands before what is typed in a search.
    pub(super) fn pattern(&self) -> &str {
        match &self.mode {
            Mode::Searching(search) => &search.pattern,
            _ => "",
        }
    }

    /// Begins a search, or goes on to what is older.
    pub(super) fn search(&mut self) {
        match &self.mode {
            Mode::Naming(_) => {}
            Mode::Searching(_) => self.search_on(true),
            Mode::Jumping(_) | Mode::Talking => {
                self.end_jump();
                let before = self.editor.exchange(Line::default());
                self.editor
                    .prompt(Message::Search.text(self.settings.language));
                let room = self.room();
                let from = (room.name.clone(), room.is_conversation, self.anchor);
                self.mode = Mode::Searching(Search {
                    before,
                    from,
                    pattern: String::new(),
                    at: None,
                    has_failed: false,
                    waits: false,
                    is_elsewhere: false,
                });
            }
        }
    }

    pub(super) fn search_on(&mut self, further: bool) {
        let Mode::Searching(search) = &self.mode else {
            return;
        };
        let pattern = self.editor.typed().text().to_lowercase();
        if pattern == search.pattern && !further {
            return;
        }
        let before = match search.at {
            Some(at) if further => at,
            _ if further && search.has_failed => self.room().ids().start,
            _ => i64::MAX,
        };
        let found = (!pattern.is_empty()).then(|| self.room().find(&pattern, before));
        let has_failed = found == Some(None);
        let found = found.flatten();
        let at = found.or(search.at.filter(|_| further));
        if let Some(block) = found {
            self.look_at(block);
        }
        // Where nothing is found in what is loaded, the server is asked for what was before, until something is.
        let waits = has_failed && self.read_back();
        if let Mode::Searching(search) = &mut self.mode {
            (search.pattern, search.at) = (pattern, at);
            (search.has_failed, search.waits) = (has_failed, waits);
            search.is_elsewhere = false;
        }
        self.search_prompt();
    }

    /// Goes to the next room that has what is searched for, and searches on in there.
    pub(super) fn search_elsewhere(&mut self) {
        let Mode::Searching(search) = &mut self.mode else {
            return self.search();
        };
        let from = search.from.clone();
        let pattern = search.pattern.clone();
        let typed = self.editor.typed().text().to_owned();
        let count = self.rooms.len();
        let mut others = (1..count).map(|step| (self.current + step) % count);
        let has_it = |place: &usize| self.rooms[*place].find(&pattern, i64::MAX).is_some();
        let place = others.find(has_it).filter(|_| !pattern.is_empty());
        let Some(place) = place else {
            return self.look_back_elsewhere(!pattern.is_empty());
        };
        self.end_search(true);
        self.go_to(place);
        self.search();
        if let Mode::Searching(search) = &mut self.mode {
            search.from = from;
        }
        self.editor.exchange(Line::of(typed));
        self.search_on(false);
    }

    /// Asks the server for what was before in another room, where that may be; the search goes on once it has come.
    fn look_back_elsewhere(&mut self, is_wanted: bool) {
        let (current, count) = (self.current, self.rooms.len());
        let mut others = (1..count).map(|step| (current + step) % count);
        let place = others.find(|place| is_wanted && self.read_back_in(*place));
        if let Mode::Searching(search) = &mut self.mode {
            search.is_elsewhere = place.is_some();
        }
        let prompt = match place.map(|place| &self.rooms[place]) {
            Some(room) => {
                let loaded = (room.ids().end - room.ids().start).to_string();
                self.say(Message::LookingElsewhere, &[&room.name, &loaded])
            }
            None => self.say(Message::NotFoundElsewhere, &[]),
        };
        self.editor.prompt(&prompt);
    }

    fn search_prompt(&mut self) {
        let Mode::Searching(search) = &self.mode else {
            return;
        };
        let prompt = match (search.has_failed, search.waits) {
            (false, _) => Message::Search,
            (true, true) => Message::LookingBack,
            (true, false) if self.room().is_complete => Message::NotFound,
            (true, false) => Message::NotFoundYet,
        };
        let loaded = self.loaded().to_string();
        self.editor.prompt(&self.say(prompt, &[&loaded]));
    }

    /// A page was loaded: a search that waits for it goes on in it.
    pub(super) fn search_after_page(&mut self) {
        let Mode::Searching(search) = &mut self.mode else {
            return;
        };
        if search.is_elsewhere {
            return self.search_elsewhere();
        }
        if !std::mem::take(&mut search.waits) {
            return;
        }
        let before = search.at.unwrap_or(i64::MAX);
        let pattern = search.pattern.clone();
        let found = self.room().find(&pattern, before);
        if let Some(block) = found {
            self.look_at(block);
        }
        let waits = found.is_none() && self.read_back();
        if let Mode::Searching(search) = &mut self.mode {
            search.has_failed = found.is_none();
            search.at = found.or(search.at);
            search.waits = waits;
        }
        self.search_prompt();
    }

    fn look_at(&mut self, block: i64) {
        let setting = self.setting();
        let view = View {
            room: self.room(),
            setting: &setting,
        };
        self.anchor = view.around(block, self.pane());
    }

    /// Ends a search where it is, or back where it began.
    pub(super) fn end_search(&mut self, stays: bool) {
        let Mode::Searching(search) = &self.mode else {
            return;
        };
        let (name, is_conversation, anchor) = search.from.clone();
        self.end_prompt();
        if stays {
            return;
        }
        let is_it = |it: &Room| it.name == name && it.is_conversation == is_conversation;
        if let Some(place) = self.rooms.iter().position(is_it) {
            self.go_to(place);
            self.anchor = anchor;
        }
        if self.anchor.is_none() {
            self.catch_up();
        }
        self.is_dirty = true;
    }
}
