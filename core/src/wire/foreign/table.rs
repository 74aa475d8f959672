//! The table of the protocols of others.

/// What each answer says, as far as its form has room for words.
macro_rules! about {
    () => {
        "This is a chat server. Connect with chat-client or with nc."
    };
}

macro_rules! table {
    ($($variant:ident $name:literal [$($sign:literal)*] $answered:literal $answer:expr;)*) => {
        /// A protocol that is not spoken here.
        #[expect(clippy::doc_markdown, reason = "names of protocols are no code")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Protocol {
            $(#[doc = $name] $variant,)*
        }

        const FOREIGN: &[Row] = &[$(Row {
            protocol: Some(Protocol::$variant),
            name: $name,
            signs: &[$($sign),*],
            answered: $answered,
            answer: $answer,
        }),*];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The protocol; none for what people say although it looks like one.
    pub protocol: Option<Protocol>,
    /// What it is called.
    pub name: &'static str,
    /// What it is recognised by, as PROTOCOL.md defines it: any one of these.
    pub signs: &'static [&'static str],
    /// What it is answered, in words.
    pub answered: &'static str,
    /// What it is answered: bytes of its own form, or nothing.
    pub answer: &'static str,
}

table! {
    Http "HTTP" [
        "!cookie: *%*" "!cookie: *%" "get / http" "CONNECT *:%" "POST /*\\?*=*" "PUT /*\\?*=*" "!*password=*" "!*passwd=*" "!*api_key=*" "!*apikey=*" "!*token=*" "!*secret=*"
        "!password=*" "!passwd=*" "!pwd=*" "!api_key=*" "!apikey=*" "!token=*" "!secret=*"
        "GET * HTTP/…" "HEAD * HTTP/…" "POST * HTTP/…" "PUT * HTTP/…" "DELETE * HTTP/…"
        "CONNECT * HTTP/…" "OPTIONS * HTTP/…" "TRACE * HTTP/…" "PATCH * HTTP/…" "* / http/%.%"
        "* /* http/%.%" "* \\* http/%.%" "* *:* http/%.%" "* /~ http/%.%" "get /" "get /*" "HEAD /" "HEAD /*"
        "GET *://*" "HTTP/%.% %" "HTTP/%.% % OK" "HTTP/%.% % Found"
        "HTTP/%.% % Not …" "HTTP/%.% % Bad …" "HTTP/%.% % Moved …" "HTTP/%.% % Forbidden"
        "HTTP/%.% % Unauthorized" "HTTP/%.% % Internal …" "HTTP/%.% % Service …"
        "HTTP/%.% % Switching …" "HTTP/%.% % Created" "HTTP/%.% % No …" "!authorization: basic *" "!authorization: bearer *"
        "!authorization: negotiate *" "!authorization: ntlm *" "!authorization: token *"
        "!authorization: apikey *" "!authorization:basic *" "!authorization:bearer *"
        "!authorization: digest *=…" "!authorization: aws4-*…" "!authorization: *%*" "!authorization: *%"
        "!authorization:*%*" "!authorization:*%" "!proxy-authorization:…" "www-authenticate:…" "!cookie: *=*"
        "!cookie: *=*; …" "!cookie:*=*" "!cookie:*=*; …" "!set-cookie:…" "host: *.*" "host: *:%"
        "host: localhost" "host: [*" "host:*.*" "host:*:%" "host:localhost" "user-agent: */*…"
        "content-type: */*" "content-type: */*; …" "content-type:*/*" "content-length:…" "content-encoding:…" "content-disposition:…"
        "transfer-encoding:…" "accept: */*" "accept: */*, …" "accept-encoding:…"
        "accept-language:…" "accept-charset:…" "cache-control:…" "connection: close"
        "connection: keep-alive" "connection: upgrade" "upgrade: websocket" "upgrade: h2c"
        "origin: *://*" "referer: *://*" "if-none-match:…" "if-modified-since:…"
        "pragma: no-cache" "range: bytes=…" "sec-websocket-*:…" "sec-fetch-*:…" "sec-ch-*:…"
        "!x-api-key:…" "!x-auth-*:…" "!x-access-*:…" "x-csrf-*:…" "x-forwarded-*:…" "x-real-ip:…"
        "x-requested-with:…" "!x-amz-*:…" "x-amzn-*:…"
        "*=*&*=*" "!*-token: *" "!*-token:*" "!*-key: *" "!*-key:*" "!*-secret: *" "!*-password: *"
        "!password: *%*" "!password: *%" "!token: *%*" "!token: *%"
        "!private-token: *" "!x-vault-token: *" "!api-key: *" "!apikey: *" "!authorization: oauth *=…"
    ] "`HTTP/1.1 400 Bad Request`"
        concat!(
            "HTTP/1.1 400 Bad Request\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Length: 61\r\n",
            "Connection: close\r\n\r\n",
            about!(),
            "\r\n"
        );
    Http2 "HTTP/2" [
        "PRI \\* HTTP/2.0…"
    ] "SETTINGS, and GOAWAY with HTTP_1_1_REQUIRED"
        concat!(
            "\0\0\0\x04\0\0\0\0\0",
            "\0\0\x44\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d",
            about!(),
            "\n"
        );
    Tls "TLS" [
        "0x16 03" "0x80 .. 01"
        "0x14 03" "0x15 03" "0x17 03"
    ] "a fatal alert, unexpected_message"
        "\x15\x03\x01\0\x02\x02\n";
    Ssh "SSH" [
        "SSH-%.%-…"
    ] "a line before the identification that does not come"
        concat!(about!(), "\r\n");
    Rtsp "RTSP" [
        "* rtsp:* RTSP/%.%" "* rtsps:* RTSP/%.%" "OPTIONS * RTSP/…" "DESCRIBE * RTSP/…"
        "SETUP * RTSP/…" "PLAY * RTSP/…" "ANNOUNCE * RTSP/…" "RTSP/%.% % …"
    ] "`RTSP/1.0 400 Bad Request`"
        concat!(
            "RTSP/1.0 400 Bad Request\r\n",
            "Content-Type: text/plain\r\n",
            "Content-Length: 61\r\n\r\n",
            about!(),
            "\r\n"
        );
    Sip "SIP" [
        "* sip:* SIP/%.%" "* sips:* SIP/%.%" "* tel:* SIP/%.%" "OPTIONS * SIP/…"
        "REGISTER * SIP/…" "INVITE * SIP/…" "SIP/%.% % …"
    ] "`SIP/2.0 400 Bad Request`"
        "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    Icap "ICAP" [
        "* icap:* ICAP/%.%"
    ] "`ICAP/1.0 400 Bad Request`"
        "ICAP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n";
    Nntp "NNTP" [
        "!authinfo sasl *…"
        "mode reader" "CAPABILITIES" "!authinfo user *" "!authinfo pass *" "LIST ACTIVE"
        "IHAVE <*>"
    ] "`400`"
        concat!("400 ", about!(), "\r\n");
    Smtp "SMTP" [
        "EHLO *" "ehlo *.*" "ehlo localhost" "ehlo [*" "HELO *" "helo *.*" "helo localhost"
        "helo [*" "LHLO *" "!mail from:<…" "!mail from: <…" "!rcpt to:<…" "!rcpt to: <…"
        "!auth plain" "!auth plain *" "!auth login" "!auth login *" "!AUTH CRAM-MD5"
        "!AUTH DIGEST-MD5" "!AUTH NTLM" "!AUTH NTLM *" "!AUTH XOAUTH2" "!AUTH XOAUTH2 *"
        "!AUTH OAUTHBEARER *" "AUTH EXTERNAL" "!AUTH EXTERNAL *" "AUTH GSSAPI" "!AUTH GSSAPI *"
        "AUTH SCRAM-*" "!AUTH SCRAM-* *" "STARTTLS" "VRFY *" "EXPN *" "RSET" "NOOP"
    ] "`421`"
        concat!("421 ", about!(), "\r\n");
    Ftp "FTP" [
        "USER *" "user anonymous" "ACCT *" "AUTH TLS" "AUTH SSL" "SYST" "FEAT" "PASV" "EPSV" "PORT *,*" "OPTS *"
        "HOST *.*" "CLNT *"
    ] "`421`"
        concat!("421 ", about!(), "\r\n");
    Pop3 "POP3" [
        "CAPA" "STLS" "UIDL" "!APOP * *" "AUTH" "RETR %" "DELE %"
    ] "`-ERR`"
        concat!("-ERR ", about!(), "\r\n");
    Imap "IMAP" [
        "!* LOGIN * *" "!*% login * *%*" "!*% login * *%" "!a login * *%*" "!a login * *%" "!* login {%}" "!* login {%+}" "!* login \"…" "!* authenticate plain" "!* authenticate plain *"
        "*% CAPABILITY" "*% STARTTLS" "*% NOOP" "*% LOGOUT" "!*% LOGIN * *" "*% LOGIN \"…"
        "!*% AUTHENTICATE *" "!*% AUTHENTICATE * *" "*% ID (…" "*% ID NIL" "*% SELECT *"
        "!a LOGIN * *" "a CAPABILITY" "!. login * *" ". capability" "!a% login * *" "a% capability"
        "AUTHENTICATE \"*\" …" "AUTHENTICATE \"*\""
        "!% LOGIN * *" "% CAPABILITY" "AUTHENTICATE \"…"
    ] "`* BYE`"
        concat!("* BYE ", about!(), "\r\n");
    Irc "IRC" [
        "!:* PRIVMSG * :…" "!@* :* PRIVMSG …" "!MSG NickServ …" "!privmsg nickserv :…" "!PASS * *%*" "!PASS *%* *"
        "!PASS *" "!pass *%" "!pass *%*" "!pass *@*" "!newpass *" "!OPER * *" "!oper * *%*" "!oper * *%" "!identify *%*" "!identify *%"
        "!IDENTIFY * *%*" "!IDENTIFY * *%" "!user * % * :…"
        "!nickserv identify *" "!ns identify *"
        "USER * * * *" "NICK :*" "!PASS :…" "!PASS * TS …" "!PASS * 0% …" "NICK *" "NICK * %" "USER * * * :…"
        "USER * % * …" "CAP LS" "CAP LS %" "CAP LIST" "CAP END" "CAP REQ *" "CAP REQ :…"
        "!AUTHENTICATE *" "JOIN #*" "JOIN #* *" "PRIVMSG * :…" "NOTICE * :…" "PING :*" "PONG :*"
        "QUIT :*" "!WEBIRC * * * *" "SERVER * % :…" "SERVER * % % :…"
    ] "`ERROR`"
        concat!("ERROR :", about!(), "\r\n");
    Xmpp "XMPP" [
        "!<auth …" "!<iq …" "!<handshake>…" "!<password>…" "!<login>…" "!<soap:*…" "!<soapenv:*…" "!<soap-env:*…"
        "<?xml …" "<stream:stream…"
    ] "a stream with an error, `not-authorized`"
        concat!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' ",
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
            "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>",
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>",
            about!(),
            "</text></stream:error></stream:stream>\n"
        );
    Redis "Redis" [
        "!auth *%*" "!auth *%" "!auth * *%*" "!auth * *%" "!auth ClueCon" "!config set requirepass *" "!hello % auth …" "!ACL SETUSER …" "!MIGRATE * % …"
        "!\\*%" "PING" "INFO" "!AUTH *" "!auth default *" "HELLO 2" "HELLO 3" "HELLO 3 AUTH …"
        "CONFIG GET *" "CLIENT LIST" "FLUSHALL" "SLAVEOF * %"
        "!CONFIG SET * *" "KEYS \\*" "MONITOR"
    ] "`-ERR`"
        concat!("-ERR ", about!(), "\r\n");
    Memcached "memcached" [
        "stats" "stats items" "stats slabs" "stats settings" "flush_all" "gets *:*" "gets *_*" "gets *%" "get *:*" "get *_*" "delete *:*" "incr * %" "decr * %" "touch * %" "set * % % %"
        "set * % % % noreply" "add * 0 % %" "cas * % % % %" "verbosity %"
    ] "`SERVER_ERROR`"
        concat!("SERVER_ERROR ", about!(), "\r\n");
    Nats "NATS" [
        "!connect {\"…"
        "CONNECT {…"
    ] "`-ERR`"
        concat!("-ERR '", about!(), "'\r\n");
    Stomp "STOMP" [
        "!passcode:…"
        "CONNECT" "STOMP"
    ] "an `ERROR` frame"
        concat!("ERROR\nmessage:", about!(), "\n\n\0\n");
    ZooKeeper "ZooKeeper" [
        "ruok" "srvr" "mntr" "envi" "isro" "wchs" "wchc" "wchp" "crst" "srst"
    ] "a line"
        concat!(about!(), "\n");
    Rsync "rsync" [
        "@RSYNCD:…"
    ] "`@ERROR`"
        concat!("@ERROR: ", about!(), "\n");
    Git "git" [
        "*git-upload-pack …" "*git-receive-pack …" "*git-upload-archive …"
    ] "an `ERR` packet"
        concat!("0044ERR ", about!(), "\n");
    Vnc "VNC" [
        "RFB 00…"
    ] "a version, and no security type"
        concat!("RFB 003.008\n\0\0\0\0\x3c", about!(), "\n");
    Gemini "Gemini, Gopher" [
        "gemini://*" "titan://*" "gopher://*"
    ] "`59`"
        concat!("59 ", about!(), "\r\n");
    JsonRpc "JSON-RPC" [
        "!{\"password\"~" "!{\"token\"~" "!{\"secret\"~" "!{\"session\"~" "!{\"auth\"~" "!{~\"password\"~" "!{~\"token\"~" "!{~\"secret\"~" "!{~\"session\"~" "!{~\"auth~" "!\"password\":…" "!\"token\":…" "!\"secret\":…"
        "{\"jsonrpc\"…" "{\"id\":…" "{\"method\":…" "{\"params\":…" "{ \"jsonrpc\"…"
        "{\"id\" :…" "{\"method\" :…" "{\"jsonrpc\" :…" "[{\"jsonrpc\"…" "[{\"id\":…" "[{\"method\":…" "{ \"method\"…" "{ \"id\"…" "{\"version\":\"1.1\"…"
        "{\"execute\"…" "{ \"execute\"…" "{\"@timestamp\"…"
    ] "an error, -32600"
        concat!(
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"",
            about!(),
            "\"}}\n"
        );
    Ami "Asterisk" [
        "!secret: *%*" "!secret: *%" "!action:login"
        "!action: login" "action: challenge"
    ] "`Response: Error`"
        concat!("Response: Error\r\nMessage: ", about!(), "\r\n\r\n");
    Fix "FIX" [
        "8=FIX*…"
    ] "nothing"
        "";
    Hl7 "HL7" [
        "0x4d 53 48 7c" "0x0b 4d 53 48"
    ] "nothing"
        "";
    Cvs "CVS" [
        "BEGIN AUTH REQUEST" "BEGIN VERIFICATION REQUEST" "BEGIN GSSAPI REQUEST"
    ] "`E`"
        concat!("E ", about!(), "\n");
    Nut "NUT" [
        "!login * *%*" "!login * *%" "!login serveradmin *" "!login client_login_name=…" "!password *%*" "!password *%"
        "USERNAME *" "!PASSWORD *" "LIST UPS" "LIST VAR *" "GET VAR * *"
    ] "`ERR`"
        concat!("ERR ", about!(), "\n");
    Dovecot "Dovecot" [
        "VERSION % %" "AUTH % PLAIN…" "AUTH % LOGIN…"
    ] "nothing"
        "";
    Tor "Tor's control" [
        "PROTOCOLINFO" "PROTOCOLINFO %" "AUTHENTICATE" "GETINFO *" "SETEVENTS *" "SIGNAL NEWNYM"
    ] "`514`"
        concat!("514 ", about!(), "\r\n");
    Proxy "the PROXY header" [
        "PROXY TCP4 …" "PROXY TCP6 …" "PROXY UNKNOWN…"
    ] "a line"
        concat!(about!(), "\r\n");
    Syslog "syslog" [
        "<%>*…" "% <%>*…"
    ] "nothing"
        "";
    Printer "printing (PJL, PostScript)" [
        "@PJL…" "0x1b 25 2d" "\\%!PS-…"
    ] "nothing"
        "";
    Gnutella "Gnutella" [
        "GNUTELLA CONNECT/…"
    ] "nothing"
        "";
    BitTorrent "BitTorrent" [
        "0x13 42"
    ] "nothing"
        "";
    Socks "SOCKS" [
        "0x04 01" "0x04 02" "0x05 .."
    ] "nothing"
        "";
    Rdp "RDP, RTMP" [
        "0x03 .."
    ] "nothing"
        "";
    Tds "TDS" [
        "0x12 01"
    ] "nothing"
        "";
    Mqtt "MQTT" [
        "0x10 .. 00" "0x10 .. 01 00"
    ] "nothing"
        "";
    Ldap "LDAP" [
        "0x30 .. 02" "0x30 81 .. 02" "0x30 82 .. .. 02" "0x30 84 00"
    ] "nothing"
        "";
    X11 "X11" [
        "0x6c 00" "0x42 00"
    ] "nothing"
        "";
    Java "Java" [
        "0xac ed" "0x4a 52 4d 49 00" "JDWP-Handshake…"
    ] "nothing"
        "";
    Amqp "AMQP" [
        "0x41 4d 51 50 00"
    ] "nothing"
        "";
    Request "another protocol" [
        "* / */%.%" "* /* */%.%" "* *://* */%.%" "* SPAMC/%.%" "* % * MGCP %.%" "VER % MSNP…"
        "CLIENT dict …" "DEFINE ! *" "DEFINE \\* *" "SHOW DB" "cddb hello * * * *" "HELLO VERSION" "HELLO VERSION MIN=…"
        "( % ( edit-pipeline …" "fox a % -% fox hello" "< NTP/%.% >" "Amanda %.% REQ HANDLE …" "DIST0000…"
        "HSUP AD…" "!HPAS *" "$Supports …" "!$MyPass *" "nSTREAM" "nINSTREAM" "nSCAN *" "nPING" "nVERSION"
        "request=smtpd_*" "put % % % %" "*.*.* % %" "*.*.* %.% %" "*,*=* *=* %"
    ] "a line"
        concat!(about!(), "\r\n");
    Binary "another binary protocol" [
        "0x… 00" "0x… ctl" "0x89 50 4e 47" "0x7f 45 4c 46" "0x50 4b 03 04" "0x1f 8b" "0x28 b5 2f fd"
        "0xff d8 ff" "0x60 60 b0 17" "0x20 20 56 32" "0xc3 bd c2 34" "0x42 5a 68 39" "0xfd 37 7a 58" "0x01 .." "0x02 .." "0x04 .." "0x5a 42 58 44 01" "0x80 01"
    ] "nothing"
        "";
}

/// What people say that would be a protocol's otherwise.
const PEOPLE: Row = Row {
    protocol: None,
    name: "what people say",
    signs: &[
        "USER name",
        "USER names",
        "PASS it",
        "PASS this",
        "PASS that",
        "PASS me",
        "PASS on",
        "HELO world",
        "HELO there",
        "HELO all",
        "HELO everyone",
        "HELO everybody",
        "HELO again",
        "EHLO world",
        "EHLO all",
        "EHLO everyone",
        "NICK time",
        "AUTH failed",
        "AUTH fails",
        "USERNAME taken",
        "USERNAME *ing",
        "AUTH error",
        "PASS please",
        "PASS them",
        "PASS him",
        "PASS her",
        "PASS us",
        "AUTH please",
        "AUTH works",
        "AUTH broken",
        "AUTH down",
        "USER experience",
        "USER interface",
        "HELO everyone!",
        "EHLO guys",
        "EHLO friends",
        "USER error…",
        "USER experience …",
        "USER interface …",
        "USER interfaces …",
        "USER input …",
        "USER data …",
        "USER feedback …",
        "USER stories …",
        "USER accounts …",
        "USER names …",
        "authorization: basic income",
        "PING :)",
        "PING :(",
        "PING :D",
        "PING :P",
        "PONG :)",
        "PONG :D",
        "QUIT :(",
        "QUIT :)",
        "PASS OUT",
        "NICK CAVE",
        "USER friendly",
        "USER friendly …",
        "incr by %",
        "decr by %",
        "PASS GO",
        "auth v%",
        "auth after *",
        "auth at *",
        "auth fails *",
        "auth for *",
        "auth in *",
        "auth is *",
        "auth needs *",
        "auth on *",
        "auth since *",
        "auth takes *",
        "auth took *",
        "auth version *",
        "auth was *",
        "auth works *",
        "login after %",
        "login at %",
        "login before %",
        "login from %",
        "login in %",
        "login on %",
        "login since %",
        "login took %",
        "login until %",
    ],
    answered: "it is said",
    answer: "",
};

/// All protocols that are known, the first row that a first line fits counting.
pub const TABLE: &[Row] = &{
    let mut table = [PEOPLE; 1 + FOREIGN.len()];
    let mut nth = 0;
    while nth < FOREIGN.len() {
        table[nth + 1] = FOREIGN[nth];
        nth += 1;
    }
    table
};
