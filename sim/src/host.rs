//! What the programs on simulated hosts have in common: how the scenario
//! reaches them, and how they reach the network.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
};

use tokio::sync::mpsc;
use turmoil::net::{TcpListener, TcpStream};

use crate::{chop::Chop, dice::Dice, record::Witness, scenario::SERVER};

/// The port the server listens on.
pub(crate) const PORT: u16 = 5000;

/// How far the ports of a client's lives are apart.
const NEXT_LIFE: u16 = 100;

/// More than any scenario types ahead of a program that is busy.
const AHEAD: usize = 4096;

/// The wire from the scenario to a program, new for each of its lives.
#[derive(Debug)]
pub(crate) struct Wire<T>(Rc<RefCell<Ends<T>>>);

#[derive(Debug)]
struct Ends<T> {
    near: Option<mpsc::Sender<T>>,
    far: Option<mpsc::Receiver<T>>,
}

impl<T> Clone for Wire<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Wire<T> {
    /// A wire for a first life.
    pub(crate) fn new() -> Self {
        let wire = Self(Rc::new(RefCell::new(Ends {
            near: None,
            far: None,
        })));
        wire.renew();
        wire
    }

    /// A wire for the next life.
    pub(crate) fn renew(&self) {
        let (near, far) = mpsc::channel(AHEAD);
        *self.0.borrow_mut() = Ends {
            near: Some(near),
            far: Some(far),
        };
    }

    /// The program's end of it.
    pub(crate) fn far(&self) -> mpsc::Receiver<T> {
        let far = self.0.borrow_mut().far.take();
        far.expect("the wire is renewed before each life")
    }

    /// Sends; false when nobody is there to receive.
    pub(crate) fn send(&self, what: T) -> bool {
        let ends = self.0.borrow();
        ends.near
            .as_ref()
            .is_some_and(|near| near.try_send(what).is_ok())
    }
}

/// Where a client connects from, and with which dice.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The local port to have. A next life takes another: the server may still
    /// hold a connection from the first.
    pub(crate) port: Rc<Cell<Option<u16>>>,
    /// The server's address, as a person would type it.
    pub(crate) server: SocketAddr,
    /// Chops the stream, if anything does.
    pub(crate) dice: Option<Dice>,
}

/// Connects to the server.
pub(crate) async fn connect(origin: &Origin, witness: &Witness) -> io::Result<Chop<TcpStream>> {
    if let Some(port) = origin.port.get() {
        make_next(port).await?;
        origin.port.set(port.checked_add(NEXT_LIFE));
    }
    let stream = TcpStream::connect((SERVER, PORT)).await.map_err(|error| {
        let why = format!("{}: {}", origin.server, error.kind());
        io::Error::new(error.kind(), why)
    })?;
    witness.connected(stream.local_addr()?.port());
    Ok(Chop::new(stream, origin.dice.clone()))
}

/// Makes `port` the next that this host gives out: it gives them out in a row,
/// so all before it are taken and given back.
pub(crate) async fn make_next(port: u16) -> io::Result<()> {
    loop {
        let taken = TcpListener::bind(("0.0.0.0", 0))
            .await?
            .local_addr()?
            .port();
        if taken.checked_add(1) == Some(port) {
            return Ok(());
        }
    }
}
