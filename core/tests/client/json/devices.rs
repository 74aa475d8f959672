//! Coming back to a name that belongs to the person, without its password.

use super::chat::Chat;
use chat_core::{JsonClient, Memory, OwnDevice, Secret, Setup};
use std::time::Duration;

fn private() -> Setup {
    Setup {
        seed: 1,
        keeps: true,
        device: Some("home".into()),
        is_private: true,
        ..Setup::default()
    }
}

fn again() -> Setup {
    Setup {
        seed: 2,
        ..private()
    }
}

/// The session of the connection that was cut is over.
const TOO_OLD: Duration = Duration::from_secs(120);

#[test]
fn whoever_claims_a_name_comes_back_to_it_when_the_session_is_too_old() {
    let mut chat = Chat::joined(private());
    chat.type_line("/claim open sesame");
    assert!(chat.sent.contains("\"device\":\"home\""), "{}", chat.sent);
    assert_eq!(
        chat.screen,
        ["* The name ann is yours. From elsewhere, /login ann PASSWORD gives it to you."]
    );
    assert_eq!(
        chat.notices,
        ["* From here, you come back as ann without the password. /devices lists where you do."]
    );
    let kept = chat.kept.last().unwrap();
    let [OwnDevice { name, token }] = kept.devices.as_slices().0 else {
        panic!("{kept:?}");
    };
    assert_eq!((&**name, token.len()), ("ann", 32));
    let token = token.to_string();
    assert!(!format!("{kept:?}{:?}", chat.client).contains(&token));
    assert!(!chat.screen.concat().contains(&token));
    // In time, its session goes on.
    chat.restart_client(&again());
    chat.sent.clear();
    chat.type_line("JOIN");
    assert!(chat.sent.contains(&token), "it may be too old");
    chat.restart_client(&again());
    chat.wait(TOO_OLD);
    chat.other_says("ann", "mine");
    chat.screen.clear();
    chat.type_line("JOIN");
    assert_eq!(chat.client.memory().name.as_deref(), Some("ann"));
    let shown = chat.screen.join("\n");
    assert!(
        shown.ends_with("ann-2: mine") && !shown.contains("belongs to"),
        "{shown}"
    );
}

#[test]
fn nothing_is_asked_for_where_nothing_is_kept() {
    for setup in [
        Setup {
            keeps: false,
            ..private()
        },
        Setup {
            device: None,
            ..private()
        },
    ] {
        let mut chat = Chat::joined(setup);
        chat.type_line("/claim open sesame");
        chat.type_line("/passwd another one");
        chat.type_line("/unclaim");
        assert!(!chat.sent.contains("\"device\""), "{}", chat.sent);
        assert!(chat.client.memory().devices.is_empty() && chat.notices.is_empty());
    }
}

#[test]
fn nothing_is_sent_where_others_can_read_along() {
    let mut chat = Chat::joined(private());
    chat.type_line("/claim open sesame");
    chat.restart_client(&Setup {
        is_private: false,
        ..again()
    });
    chat.wait(TOO_OLD);
    chat.sent.clear();
    chat.type_line("JOIN");
    assert!(
        chat.sent.contains("JOIN {") && !chat.sent.contains("device"),
        "{}",
        chat.sent
    );
    assert_eq!(
        chat.client.memory().devices.len(),
        1,
        "it is of use elsewhere"
    );
    // Nor by whoever only reads, who has no name.
    chat.restart_client(&Setup {
        reads: true,
        ..again()
    });
    chat.sent.clear();
    chat.type_line("JOIN");
    assert!(chat.sent.contains("\"read\":true") && !chat.sent.contains("device"));
}

#[test]
fn a_device_that_was_ended_elsewhere_is_forgotten_and_the_person_told() {
    let mut chat = Chat::joined(private());
    chat.type_line("/claim open sesame");
    chat.restart_client(&again());
    chat.wait(TOO_OLD);
    chat.other_says("bob", "/login ann open sesame");
    chat.other_goes_on(0, "/devices revoke 1\nLEAVE");
    chat.screen.clear();
    chat.type_line("JOIN ann");
    let told = "* This device does not open the name ann, or not any more; you are ann-2.";
    assert!(chat.screen.iter().any(|it| it == told), "{:?}", chat.screen);
    assert!(chat.kept.last().unwrap().devices.is_empty());
    chat.screen.clear();
    chat.type_line("/login ann open sesame");
    assert_eq!(chat.client.memory().devices.len(), 1);
}

#[test]
fn a_new_password_brings_another_device_and_giving_the_name_up_ends_it() {
    let mut chat = Chat::joined(private());
    chat.type_line("/claim open sesame");
    let first = chat.client.memory().devices.clone();
    chat.type_line("/passwd another one");
    let second = chat.client.memory().devices.clone();
    assert!(second.len() == 1 && first != second);
    chat.screen.clear();
    chat.type_line("/devices");
    assert_eq!(
        chat.screen,
        [
            "* Devices that come back as ann without the password: 2 \"home\" (for less than a minute). \
          /devices revoke NUMBER ends one."
        ]
    );
    chat.type_line("/devices revoke 2");
    assert_eq!(chat.screen[1], "* Device 2 needs the password from now on.");
    chat.type_line("/unclaim");
    assert!(chat.client.memory().devices.is_empty());
}

#[test]
fn a_program_that_reads_objects_is_not_shown_a_token() {
    for setup in [
        Setup {
            raw: true,
            ..private()
        },
        Setup {
            many: true,
            ..private()
        },
    ] {
        let mut chat = Chat::new(setup);
        chat.type_line("JOIN ann");
        chat.screen.clear();
        chat.type_line("/claim open sesame");
        assert_eq!(
            chat.screen,
            ["{\"type\":\"account\",\"name\":\"ann\",\"claimed\":true}"]
        );
        assert_eq!(chat.client.memory().devices.len(), 1);
        chat.screen.clear();
        chat.type_line("/devices");
        assert!(
            chat.screen[0].starts_with("{\"type\":\"devices\""),
            "{:?}",
            chat.screen
        );
        chat.type_line("/devices revoke 1");
        assert_eq!(chat.screen[1], "{\"type\":\"revoked\",\"device\":1}");
    }
}

#[test]
fn the_devices_of_so_many_names_are_remembered_and_with_one_more_the_oldest_is_not() {
    let mut chat = Chat::joined(private());
    let account = |nth: usize, claimed: bool, device: &str| {
        format!("{{\"type\":\"account\",\"name\":\"n{nth}\",\"claimed\":{claimed}{device}}}")
    };
    let device = format!(",\"device\":\"{}\"", "0f".repeat(16));
    for nth in 0..16 {
        chat.forge(&account(nth, true, &device));
    }
    let names = |chat: &Chat| {
        let all = chat.client.memory().devices.iter();
        all.map(|it| it.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!((names(&chat).len(), &*names(&chat)[0]), (16, "n0"));
    chat.forge(&account(0, true, &device));
    // What no server gives is not kept.
    chat.forge(&account(17, true, &device.replace("0f", "")));
    chat.forge(&account(17, true, &device.replace("0f", "0F")));
    chat.forge(&account(16, true, &device).replace("n16", &"n".repeat(33)));
    chat.forge(&account(16, true, &device));
    assert_eq!((names(&chat).len(), &*names(&chat)[0]), (16, "n2"));
    chat.forge(&account(5, false, ""));
    assert_eq!(names(&chat).len(), 15);
}

#[test]
fn what_is_remembered_is_written_and_read_and_may_be_missing() {
    let memory = Memory {
        devices: [OwnDevice {
            name: "ann".into(),
            token: Secret("0123".into()),
        }]
        .into(),
        ..Memory::default()
    };
    let written = serde_json::to_string(&memory).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&written).unwrap(), memory);
    let older = "{\"outbox\":[]}";
    let memory = serde_json::from_str::<Memory>(older).unwrap();
    assert_eq!(memory, Memory::default());
    assert_eq!(serde_json::to_string(&memory).unwrap(), older);
    let client = JsonClient::new(
        chat_core::Timestamp::ZERO,
        Setup {
            memory,
            ..private()
        },
    );
    assert!(client.memory().devices.is_empty());
}
