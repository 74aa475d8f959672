//! A client with a server in the same process, and no socket between them: `cargo run -p chat-core --example client`.

use chat_core::{
    Action, Client, ClientAction, ClientInput, Command, Input, JsonClient, Limits, Line, Server,
    Setup, Timestamp,
};

fn main() {
    let now = Timestamp::ZERO;
    let mut server = Server::new(Limits::default());
    let mut client = JsonClient::new(now, Setup::default());
    let mut conn = None;
    for line in ["JOIN ann", "is anybody there?", "leave"] {
        client
            .command(now, Command::Line(Line::Whole(line.as_bytes())))
            .expect("it is a line");
        // Until nothing moves any more: what one side has for the other is given to it.
        loop {
            let mut moved = false;
            while let Some(action) = client.poll_action() {
                moved = true;
                match action {
                    ClientAction::Connect => {
                        conn = server.accept(now, 61014);
                        client.handle(now, ClientInput::Connected);
                    }
                    ClientAction::Show(text) | ClientAction::Notice(text) => println!("{text}"),
                    ClientAction::Finish => {
                        server.handle(now, Input::Eof(conn.expect("it is connected")));
                    }
                    other => println!("({other:?})"),
                }
            }
            let Some(conn) = conn else { break };
            let unsent = client.unsent().to_vec();
            if !unsent.is_empty() {
                moved = true;
                server.handle(now, Input::Received(conn, &unsent));
                client.sent(now, unsent.len());
            }
            server.pass(now, |_, slices| {
                moved = true;
                let bytes = slices.concat();
                client.handle(now, ClientInput::Received(&bytes));
                bytes.len()
            });
            while let Some(action) = server.poll_action() {
                if let Action::Finish(_) = action {
                    client.handle(now, ClientInput::Eof);
                }
            }
            if !moved {
                break;
            }
        }
    }
}
