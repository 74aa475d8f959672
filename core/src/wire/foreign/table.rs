//! The table of the protocols of others.

use super::people;

/// What each answer says, as far as its form has room for words.
macro_rules! about {
    () => {
        "This is a chat server. Use chat-client; in nc, type JOIN first."
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
        "!cookie: *%*" "!cookie: *%" "get / http" "CONNECT *:%" "POST /*\\?*=*" "PUT /*\\?*=*" "!*password=*"
        "!*passwd=*" "!*api_key=*" "!*apikey=*" "!*token=*" "!*secret=*"
        "!password=*" "!passwd=*" "!pwd=*" "!pass=*" "!*_pass=*" "!*_pwd=*" "!*;pwd=*" "!*secret_*=*"
        "!secret_*=*" "!*private_key=*" "!*access_key=*" "!*=*;~password=*" "!export *password=*"
        "!export *secret*=*" "!export *token=*" "!export *_key=*" "!export *_pass=*" "!api_key=*" "!apikey=*"
        "!token=*" "!secret=*"
        "GET * HTTP/…" "HEAD * HTTP/…" "^^^ HTTP/%.%" "^^^ * HTTP/%.%" "POST * HTTP/…" "PUT * HTTP/…" "DELETE * HTTP/…"
        "CONNECT * HTTP/…" "OPTIONS * HTTP/…" "TRACE * HTTP/…" "PATCH * HTTP/…" "* / http/%.%"
        "* /* http/%.%" "* \\* http/%.%" "* *:* http/%.%" "* /~ http/%.%" "get /" "get /*" "HEAD /" "HEAD /*"
        "GET *://*" "HTTP/%.% %" "HTTP/%.% % OK" "HTTP/%.% % Found"
        "HTTP/%.% % Not …" "HTTP/%.% % Bad …" "HTTP/%.% % Moved …" "HTTP/%.% % Forbidden"
        "HTTP/%.% % Unauthorized" "HTTP/%.% % Internal …" "HTTP/%.% % Service …"
        "HTTP/%.% % Switching …" "HTTP/%.% % Created" "HTTP/%.% % No …" "!authorization: basic *"
        "!authorization: bearer *"
        "!authorization: negotiate *" "!authorization: ntlm *" "!authorization: token *"
        "!authorization: apikey *" "!authorization:basic *" "!authorization:bearer *"
        "!authorization: digest *=…" "!authorization: aws4-*…" "!authorization: *%*" "!authorization: *%"
        "!authorization : basic *" "!authorization : bearer *" "!authorization : digest *=…"
        "!authorization : token *" "!authorization: ??" "!bearer ??" "!basic ??" "!token ??"
        "!authorization:*%*" "!authorization:*%" "!proxy-authorization:…" "www-authenticate:…" "!cookie: *=*"
        "!cookie: *=*; …" "!cookie:*=*" "!cookie:*=*; …" "!set-cookie:…" "host: *.*.*" "host: *.com"
        "host: *.org" "host: *.net" "host: *.io" "host: *.example" "host: *.local" "host: *:%"
        "host: localhost" "host: [*" "host:*.*" "host:*:%" "host:localhost" "user-agent: */*…"
        "content-type: */*" "content-type: */*; …" "content-type:*/*" "content-length:…" "content-encoding:…" "content-disposition:…"
        "transfer-encoding:…" "accept: */*" "accept: */*, …" "accept-encoding:…"
        "accept-language:…" "accept-charset:…" "cache-control:…" "connection: close"
        "connection: keep-alive" "connection: upgrade" "upgrade: websocket" "upgrade: h2c"
        "origin: *://*" "referer: *://*" "if-none-match:…" "if-modified-since:…"
        "pragma: no-cache" "range: bytes=…" "sec-websocket-*:…" "sec-fetch-*:…" "sec-ch-*:…"
        "!x-api-key:…" "!x-auth-*:…" "!x-access-*:…" "x-csrf-*:…" "x-forwarded-*:…" "x-real-ip:…"
        "x-requested-with:…" "!x-amz-*:…" "x-amzn-*:…"
        "#=*&*=*" "!x-*-token: *" "!x-*-token:*" "!*-auth-token: *" "!*-access-token: *" "!*-token: ?"
        "!*-token: ??" "!x-*-key: *" "!x-*-key:*" "!*-api-key: *" "!*-access-key: *" "!*-key: ?" "!*-key: ??"
        "!x-*-secret: *" "!*-client-secret: *" "!*-secret: ?" "!*-secret: ??" "!x-*-password: *"
        "!*-password: ?" "!pwd: *" "!pwd:*" "!passwd: *" "!pass: ?" "!passphrase: ?" "!*_token: *"
        "!*_secret: *" "!*_password: *" "!*_key: ?" "!*_key: ??"
        "!password: *" "!password:*" "!token: *%*" "!token: *%"
        "!private-token: *" "!x-vault-token: *" "!api-key: *" "!apikey: *" "!authorization: oauth *=…"
        "!authorization: basic ??" "!> authorization: *…" "!> cookie: *=*…" "!< set-cookie: *…" "!> x-api-key: *" "!> proxy-authorization: *…" "!*-subscription-key: *" "!content-disposition: form-data; name=\"password\"…" "!content-disposition: form-data; name=\"token\"…" "!username=* password=*" "!user=* password=*" "get * http/%.%"
    ] "`HTTP/1.1 400 Bad Request`"
        concat!(
            "HTTP/1.1 400 Bad Request\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Length: 65\r\n",
            "Connection: close\r\n\r\n",
            about!(),
            "\r\n"
        );
    Http2 "HTTP/2" [
        "PRI \\* HTTP/2.0…"
    ] "SETTINGS, and GOAWAY with HTTP_1_1_REQUIRED"
        concat!(
            "\0\0\0\x04\0\0\0\0\0",
            "\0\0\x48\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d",
            about!(),
            "\n"
        );
    Tls "TLS" [
        "0x16 03" "0x80 .. 01"
        "0x14 03" "0x15 03" "0x17 03"
    ] "a fatal alert, unexpected_message"
        "\x15\x03\x01\0\x02\x02\n";
    Ssh "SSH" [
       "SSH-%.%-…" "ssh-%.%-*"
    ] "a line before the identification that does not come"
        concat!(about!(), "\r\n");
    Rtsp "RTSP" [
        "* rtsp:* RTSP/%.%" "* rtsps:* RTSP/%.%" "OPTIONS * RTSP/…" "DESCRIBE * RTSP/…"
        "SETUP * RTSP/…" "PLAY * RTSP/…" "ANNOUNCE * RTSP/…" "RTSP/%.% % …"
    ] "`RTSP/1.0 400 Bad Request`"
        concat!(
            "RTSP/1.0 400 Bad Request\r\n",
            "Content-Type: text/plain\r\n",
            "Content-Length: 65\r\n\r\n",
            about!(),
            "\r\n"
        );
    Sip "SIP" [
        "* sip:* SIP/%.%" "* sips:* SIP/%.%" "* tel:* SIP/%.%" "OPTIONS * SIP/…"
        "REGISTER * SIP/…" "INVITE * SIP/…" "* *:* SIP/%.%" "* *:* sip/%.%" "SIP/%.% % …"
    ] "`SIP/2.0 400 Bad Request`"
        "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    Icap "ICAP" [
        "* icap:* ICAP/%.%"
    ] "`ICAP/1.0 400 Bad Request`"
        "ICAP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n";
    Nntp "NNTP" [
        "!authinfo sasl *…"
        "mode reader" "CAPABILITIES" "!authinfo user …" "!authinfo pass …" "LIST ACTIVE"
        "IHAVE <*>"
        "ARTICLE <*@*>" "XOVER %" "XOVER %-" "XOVER %-%" "MODE STREAM"
    ] "`400`"
        concat!("400 ", about!(), "\r\n");
    Smtp "SMTP" [
        "EHLO" "EHLO *" "ehlo *.*" "ehlo localhost" "ehlo [*" "HELO *%*" "HELO *%" "HELO *-*" "HELO mail" "HELO host" "HELO relay" "HELO client" "HELO smtp" "helo *.*" "helo localhost"
        "helo [*" "LHLO *" "!mail from:<…" "!mail from: <…" "!rcpt to:<…" "!rcpt to: <…" "mail from:*@*"
        "mail from: *@*" "rcpt to:*@*" "rcpt to: *@*"
        "!auth plain" "!AUTH PLAIN *" "!auth plain ?" "!auth plain ??" "!auth plain *=" "!auth login"
        "!AUTH LOGIN *" "!auth login ?" "!auth login ??" "!auth login *=" "!AUTH CRAM-MD5"
        "!AUTH DIGEST-MD5" "!AUTH NTLM" "!AUTH NTLM *" "!AUTH XOAUTH2" "!AUTH XOAUTH2 *"
        "!AUTH OAUTHBEARER *" "AUTH EXTERNAL" "!AUTH EXTERNAL *" "AUTH GSSAPI" "!AUTH GSSAPI *"
        "AUTH SCRAM-*" "!AUTH SCRAM-* *" "STARTTLS" "VRFY *" "EXPN *" "RSET" "NOOP"
        "XCLIENT *=*…" "XFORWARD *=*…" "BDAT %" "BDAT % LAST"
    ] "`421`"
        concat!("421 ", about!(), "\r\n");
    Ftp "FTP" [
        "USER *" "user anonymous" "ACCT *" "AUTH TLS" "AUTH SSL" "SYST" "FEAT" "PASV" "EPSV" "PORT *,*" "EPRT *%*%*" "OPTS *"
        "HOST *.*" "CLNT *"
        "RETR /*" "SITE EXEC …"
    ] "`421`"
        concat!("421 ", about!(), "\r\n");
    Pop3 "POP3" [
        "CAPA" "STLS" "UIDL" "!APOP * *" "AUTH" "RETR %" "DELE %"
    ] "`-ERR`"
        concat!("-ERR ", about!(), "\r\n");
    Imap "IMAP" [
        "!* LOGIN * ?" "!* LOGIN *@* *" "!tag LOGIN * *" "!*% login * ?" "!a login * *%*" "!a login * *%"
        "!* login {%}" "!* login {%+}" "!* login \"…" "!* authenticate plain" "!* AUTHENTICATE PLAIN *"
        "!* authenticate plain ??"
        "*% CAPABILITY" "*% STARTTLS" "*% NOOP" "*% LOGOUT" "!*% LOGIN * *" "*% LOGIN \"…"
        "!*% AUTHENTICATE *" "!*% AUTHENTICATE * *" "*% ID (…" "*% ID NIL" "*% SELECT *" "*% EXAMINE *"
        "*% IDLE" "*% LIST \"…" "*% LSUB \"…" "*% UID FETCH …" "*% UID SEARCH …"
        "!a LOGIN * *" "a CAPABILITY" "!. login * *" ". capability" "!a% login * *" "a% capability"
        "AUTHENTICATE \"*\" …" "AUTHENTICATE \"*\""
        "!% LOGIN * *" "% CAPABILITY" "AUTHENTICATE \"…"
        "a STARTTLS" "a AUTHENTICATE *" ". ID NIL" "abcd CAPABILITY"
    ] "`* BYE`"
        concat!("* BYE ", about!(), "\r\n");
    Irc "IRC" [
        "!:* PRIVMSG * :…" "!@* :* PRIVMSG …" "!MSG NickServ …" "!privmsg * identify …" "!privmsg * :identify …"
        "!privmsg nickserv :…" "!PASS * *%*" "!PASS *%* *"
        "!PASS *" "!pass ?" "!pass %%%%%" "!pass *@*" "!newpass *" "!OPER * *" "!OPER * * *" "!oper * ?"
        "!identify ?" "!identify %%%%%" "!IDENTIFY *"
        "!IDENTIFY * *%*" "!IDENTIFY * *%" "!user * % * :…" "!user * pass %%%%" "!user * pass % vers …"
        "!user * pass -%" "!user * pass -% vers …"
        "!nickserv identify *" "!ns identify *"
        "USER * * * *" "NICK :*" "!PASS :…" "!PASS * TS …" "!PASS * 0% …" "NICK *" "NICK * %" "USER * * * :…"
        "USER * % * …" "CAP LS" "CAP LS %" "CAP LIST" "CAP END" "CAP REQ *" "CAP REQ :…"
        "!AUTHENTICATE *" "JOIN \\#*" "JOIN \\#* *" "PART \\#*" "PART \\#* :…" "KICK \\#* *" "KICK \\#* * :…"
        "MODE \\#* *" "MODE \\#* * *" "TOPIC \\#* :…" "INVITE * \\#*" "CAPAB :…" "PRIVMSG * :…" "NOTICE * :…"
        "PING :*" "PONG :*"
        "QUIT :*" "!WEBIRC * * * *" "SERVER * % :…" "SERVER * % % :…"
        "!msg nickserv identify *" "!\\/msg nickserv identify *" "!identify * ?" "user * localhost * :…" "user * * *.* :…" "@time=* NICK *" "PROTOCTL …" "WHO \\#*" "!SASL PLAIN ??"
    ] "`ERROR`"
        concat!("ERROR :", about!(), "\r\n");
    Xmpp "XMPP" [
        "!<auth …" "!<response xmlns…" "!<iq …" "!<handshake>…" "!<password>…" "!<login>…" "!<~ password=\"…"
        "!<~ password='…" "!<~ passwd=\"…" "!<~ pass=\"…" "!<~ token=\"…" "!<~ secret=\"…" "!<soap:*…"
        "!<soapenv:*…" "!<soap-env:*…"
        "<?xml …" "<stream:stream…"
        "!<~<password>…" "!<~<token>…" "!<token>…" "!<~<secret>…" "!<secret>…" "!<~<passwd>…" "<policy-file-request/>…"
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
        "!auth ?" "!auth %%%%%" "!auth * ?" "!auth * %%%%%" "!auth \"…" "!auth ClueCon"
        "!config set requirepass *" "!hello % auth …" "!ACL SETUSER …" "!MIGRATE * % …"
        "!\\*%" "PING" "INFO" "!AUTH *" "!auth default *" "HELLO 2" "HELLO 3" "HELLO 3 AUTH …"
        "CONFIG GET *" "CLIENT LIST" "FLUSHALL" "SLAVEOF * %" "SLAVEOF NO ONE" "REPLICAOF * %" "REPLICAOF NO ONE"
        "!CONFIG SET * *" "KEYS \\*" "MONITOR"
        "!config set masterauth *" "!sentinel set * auth-pass *" "EVAL \"…" "REPLCONF *…" "PSYNC * -%" "CLIENT SETNAME *"
    ] "`-ERR`"
        concat!("-ERR ", about!(), "\r\n");
    Memcached "memcached" [
        "stats" "stats items" "stats slabs" "stats settings" "flush_all" "gets *:*" "gets *_*" "gets *%" "get *:*" "get *_*" "delete *:*" "incr * %" "decr * %" "touch *:* %" "touch *_* %"  "touch * % noreply" "set * 0 % %" "set *:* % % %" "set *_* % % %" "set *% % % %"
        "set * % % % noreply" "add * 0 % %" "cas * % % % %" "verbosity %"
    ] "`SERVER_ERROR`"
        concat!("SERVER_ERROR ", about!(), "\r\n");
    Nats "NATS" [
        "!connect {\"…" "!connect{\"…"
        "CONNECT {…" "CONNECT{…" "PUB *.* %" "PUB *.* * %" "PUB * %" "SUB * %" "SUB * * %"
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
        "git-upload-pack /*" "git-receive-pack /*"
    ] "an `ERR` packet"
        concat!("0048ERR ", about!(), "\n");
    Vnc "VNC" [
        "RFB 00…"
    ] "a version, and no security type"
        concat!("RFB 003.008\n\0\0\0\0\x40", about!(), "\n");
    Gemini "Gemini, Gopher" [
        "gemini://*" "titan://*" "gopher://*"
    ] "`59`"
        concat!("59 ", about!(), "\r\n");
    JsonRpc "JSON-RPC" [
        "!{~\"auth\"~" "!{~password\":…" "!*password\":…" "!{~passwd\":…" "!*passwd\":…" "!{\"pass\":…"
        "!{~\"pass\":…" "!{~_pass\":…" "!\"pass\":…" "!*\"pass\":…" "!*_pass\":…" "!{\"pwd\":…" "!{~\"pwd\":…"
        "!{~_pwd\":…" "!\"pwd\":…" "!*\"pwd\":…" "!*_pwd\":…" "!{~passphrase\":…" "!*passphrase\":…"
        "!{~token\":…" "!*token\":…" "!{~secret\":…" "!*secret\":…" "!{\"session\":…" "!{~\"session\":…"
        "!{~_session\":…" "!\"session\":…" "!*\"session\":…" "!*_session\":…" "!{\"auth\":…" "!{~\"auth\":…"
        "!{~_auth\":…" "!\"auth\":…" "!*\"auth\":…" "!*_auth\":…" "!{~authorization\":…" "!*authorization\":…"
        "!{~api_key\":…" "!*api_key\":…" "!{~apikey\":…" "!*apikey\":…" "!{~api-key\":…" "!*api-key\":…"
        "!{~access_key\":…" "!*access_key\":…" "!{~accesskey\":…" "!*accesskey\":…" "!{~private_key\":…"
        "!*private_key\":…" "!{~privatekey\":…" "!*privatekey\":…" "!{~secret_key\":…" "!*secret_key\":…"
        "!{~secretkey\":…" "!*secretkey\":…" "!{~auth_key\":…" "!*auth_key\":…" "!{~credentials\":…"
        "!*credentials\":…" "!{~credential\":…" "!*credential\":…" "!{\"cookie\":…" "!{~\"cookie\":…"
        "!{~_cookie\":…" "!\"cookie\":…" "!*\"cookie\":…" "!*_cookie\":…" "!{\"jwt\":…" "!{~\"jwt\":…"
        "!{~_jwt\":…" "!\"jwt\":…" "!*\"jwt\":…" "!*_jwt\":…" "!{~password\" :…" "!{~token\" :…"
        "!{~secret\" :…"
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
        "!secret: *" "!secret:*" "!action:login"
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
        "!login * ?" "!login * %%%%%" "!login serveradmin *" "!login client_login_name=…" "!userauth *:*"
        "!password ?" "!password %%%%%"
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
        "PROXY TCP4 …" "PROXY TCP6 …" "PROXY UNKNOWN…" "proxy tcp4 %.%.%.% …" "proxy tcp6 *:* *:* …" "proxy unknown"
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
        "GNUTELLA/%.% % *"
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
        "!userpassword: *" "!userpassword:: *"
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
        "^^^ / */%.%" "* /* */%.%" "* *://* */%.%" "* SPAMC/%.%" "* % * MGCP %.%" "VER % MSNP…"
        "CLIENT dict …" "DEFINE ! *" "DEFINE \\* *" "SHOW DB" "cddb hello * * * *" "HELLO VERSION" "HELLO VERSION MIN=…"
        "( % ( edit-pipeline …" "fox a % -% fox hello" "< NTP/%.% >" "Amanda %.% REQ HANDLE …" "DIST0000…"
        "HSUP AD…" "!HPAS *" "$Supports …" "!$MyPass *" "nSTREAM" "nINSTREAM" "nSCAN *" "nPING" "nVERSION"
        "request=smtpd_*" "put % 0 % %" "put % % %%% %" "*.*.* % 1%%%%%%%%%" "*.*.* %.% 1%%%%%%%%%"
        "!SOURCE * /*" "MSRP * SEND" "MSRP * REPORT" "MSRP * 200 OK" "*,*=* *=* %"
        "client \"dict *…" "define \\* \"…" "*,*=* *=%" "*,*=* *=%.%" "*,*=* *=%i" "put * 1%%%%%%%%% * *=*…" "*.*.* -%.% 1%%%%%%%%%" "?WATCH={…" "$GP^,%…" "$GN^,%…" "\\!AIVDM,…" "MSG,%,…"
    ] "a line"
        concat!(about!(), "\r\n");
    Secret "a secret" [
        "!-----BEGIN PRIVATE KEY…" "!-----BEGIN ~ PRIVATE KEY…" "!eyJ*.*.*" "!ghp_*" "!gho_*" "!ghs_*"
        "!github_pat_*" "!glpat-*" "!xoxb-*" "!xoxp-*" "!sk_live_*" "!AKIA*%*"
        "!*://#:#@*" "!*://:#@*"
    ] "a line"
        concat!(about!(), "\r\n");
    Binary "another binary protocol" [
        "0x… 00" "0x… ctl" "0x89 50 4e 47" "0x7f 45 4c 46" "0x50 4b 03 04" "0x1f 8b" "0x28 b5 2f fd"
        "0xff d8 ff" "0x60 60 b0 17" "0x20 20 56 32" "0xc3 bd c2 34" "0x42 5a 68 39" "0xfd 37 7a 58" "0x01 .." "0x02 .." "0x04 .." "0x5a 42 58 44 01" "0x80 01"
    ] "nothing"
        "";
}

const PEOPLE: Row = Row {
    protocol: None,
    name: "what people say",
    signs: people::SIGNS,
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
