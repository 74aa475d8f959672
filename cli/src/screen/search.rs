//! The search in what is loaded, and in what the server has before that.

use super::Screen;
use super::messages::Message;
use super::mode::{Mode, Search};
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
                self.mode = Mode::Searching(Search {
                    before,
                    pattern: String::new(),
                    at: None,
                    has_failed: false,
                    waits: false,
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
        let has_looked = further && search.has_failed;
        let found = (!pattern.is_empty()).then(|| self.room().find(&pattern, before));
        let has_failed = found == Some(None);
        let found = found.flatten();
        let at = found.or(search.at.filter(|_| further));
        if let Some(block) = found {
            self.look_at(block);
        }
        // Who asks again where nothing was found has the server asked for what was before.
        let waits = has_failed && has_looked && self.read_back();
        if let Mode::Searching(search) = &mut self.mode {
            (search.pattern, search.at) = (pattern, at);
            (search.has_failed, search.waits) = (has_failed, waits);
        }
        self.search_prompt();
    }

    /// Goes to the next room that has what is searched for, and searches on in there.
    pub(super) fn search_elsewhere(&mut self) {
        let Mode::Searching(search) = &mut self.mode else {
            return self.search();
        };
        let pattern = search.pattern.clone();
        let typed = self.editor.typed().text().to_owned();
        let count = self.rooms.len();
        let mut others = (1..count).map(|step| (self.current + step) % count);
        let has_it = |place: &usize| self.rooms[*place].find(&pattern, i64::MAX).is_some();
        let place = others.find(has_it).filter(|_| !pattern.is_empty());
        let Some(place) = place else {
            return self
                .editor
                .prompt(Message::NotFoundElsewhere.text(self.settings.language));
        };
        self.end_search(true);
        self.go_to(place);
        self.search();
        self.editor.exchange(Line::of(typed));
        self.search_on(false);
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
        self.editor.prompt(prompt.text(self.settings.language));
    }

    /// A page was loaded: a search that waits for it goes on in it.
    pub(super) fn search_after_page(&mut self) {
        let Mode::Searching(search) = &mut self.mode else {
            return;
        };
        if !std::mem::take(&mut search.waits) {
            return;
        }
        let before = search.at.unwrap_or(i64::MAX);
        let pattern = search.pattern.clone();
        let found = self.room().find(&pattern, before);
        if let Some(block) = found {
            self.look_at(block);
        }
        if let Mode::Searching(search) = &mut self.mode {
            search.has_failed = found.is_none();
            search.at = found.or(search.at);
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

    pub(super) fn end_search(&mut self, stays: bool) {
        if matches!(self.mode, Mode::Searching(_)) {
            self.end_prompt();
        }
        if !stays {
            self.look_at_end();
        }
    }
}
