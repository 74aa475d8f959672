//! What `--help` says after the options, for a terminal of 80 columns.

pub(super) const AFTER_HELP: &str = "\
History, unless --data or --ephemeral is given, is the first of these that is
known:
  $STATE_DIRECTORY            as set by systemd; the first, if there are several
  $XDG_STATE_HOME/chat-server
  $HOME/.local/state/chat-server
  on macOS: $HOME/Library/Application Support/chat-server
  on Windows: %LOCALAPPDATA%\\chat-server

What is told to others is on the disk first. Where the disk is full, nobody can
say anything or come in until there is room; the server goes on, and so does
reading and leaving.

Signals:
  SIGINT (Ctrl-C), SIGTERM
            tell everyone, let them go, write the history; all within 5 s
  a second one of these
            exit at once
  SIGHUP    unless standard output or standard error is a terminal, read anew
            the configuration (as `admin reload`; with --config), and the
            certificate and its key (with --cert). Else as SIGTERM, but never
            the second; nothing if it was ignored at the start (nohup)
  SIGXCPU   as SIGTERM, but never the second: the limit on processor time is
            near (ulimit -t)
  SIGPWR, SIGALRM, SIGVTALRM, SIGPROF, SIGIO
            as SIGTERM, but never the second
  SIGXFSZ   nothing: a file at its limit (ulimit -f) is a disk that is full
  SIGUSR1, SIGUSR2
            nothing
  SIGQUIT (Ctrl-\\)
            exit at once, nobody is told, as with SIGKILL

Log messages are written on standard error: who connected from where, joined,
left, or was refused and why; never what is said. In 10 s, 50 connections of a
host are told one by one, and 5 that are refused; the others are counted. Told
once, at the start: the fingerprint of the certificate (TLS), and that it has
run out, or does in a week, or is not valid yet (also when it is read anew);
that others can read the history, that the server runs as root, or as root in
the directory of another user, and that it listens in plain text where other
machines can connect.

Environment:
  CHAT_…    every option, such as CHAT_HOST_RATE=200 for --host-rate 200,
            CHAT_EPHEMERAL=true, or CHAT_LISTEN=5000,[::1]:5000; a flag wins
            over it, and it wins over the file of --config. One that is no
            option's is told at the start, and ignored
  RUST_LOG  which log messages are written: off, error, warn, info, debug or
            trace, or per part (chat_server, chat_cli, chat_net), such as
            chat_net=debug or warn,chat_net=debug; what is not said is as by
            default [default: info; warn where standard output and standard
            error are both a terminal, whose screen shows who comes and goes].
            One that is wrong is told at the start, and ignored
  CREDENTIALS_DIRECTORY
            where names of --cert and --key without a slash are looked up, as
            set by systemd
  NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb
            whether log messages have colours [default: on a terminal]

Exit codes:
  0    stopped by a signal, everyone was told; check, export, import, backup or
       repair succeeded; for admin: it is done
  1    could not start: the address is in use, or the history cannot be opened,
       for example; the history could not be kept any more: the disk failed, or
       did not take the last of it within the 5 s of a stop; check, export,
       import, backup or repair failed; for admin: it is not done, or no server
       answers
  2    wrong usage
  78   the file of --config, or of check-config, is wrong
  130  a second SIGINT or SIGTERM";
