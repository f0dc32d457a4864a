//! A connection without Nagle's algorithm, made here and handed to `ssh`.
//!
//! `ssh` switches the algorithm off for terminals only. Meeting the delayed acknowledgements of
//! the other side it costs 40 ms each time. OpenSSH can take a connection that another program
//! has made (`ProxyUseFdpass` in `ssh_config`).

use std::{
    io::{self, IoSlice},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    os::fd::{AsFd, AsRawFd},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg, setsockopt, sockopt};

/// How long an address has before the next one is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Which addresses of a host count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
    /// All.
    Any,
    /// Those of IPv4.
    V4,
    /// Those of IPv6.
    V6,
}

/// Connects to the TCP port `port` of `host` and hands the connection to the process at the other
/// end of the socket `to`, as `ssh` wants it of a `ProxyCommand`.
///
/// The addresses of `host` are tried in turn, each 250 ms after the one before or as soon as that
/// failed, and the first connection counts (RFC 8305). Fails with what the last address said, and
/// as [`io::ErrorKind::TimedOut`] after `limit`.
pub(crate) fn hand_over(
    host: &str,
    port: u16,
    family: Family,
    limit: Option<Duration>,
    to: impl AsFd,
) -> io::Result<()> {
    let addresses = in_turn((host, port).to_socket_addrs()?, family);
    let stream = race(addresses, limit)?;
    stream.set_nodelay(true)?;
    setsockopt(&stream, sockopt::KeepAlive, &true)?;
    let descriptors = [stream.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    // One octet has to go with it.
    let octet = [IoSlice::new(&[0])];
    let socket = to.as_fd().as_raw_fd();
    sendmsg::<()>(socket, &octet, &rights, MsgFlags::empty(), None)?;
    Ok(())
}

/// The addresses of `family`, IPv6 and IPv4 by turns, beginning with what the system prefers.
fn in_turn(addresses: impl Iterator<Item = SocketAddr>, family: Family) -> Vec<SocketAddr> {
    let mut addresses = addresses
        .filter(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
        .peekable();
    let is_first_v6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.partition(|address| address.is_ipv6() == is_first_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return all;
        }
        all.extend(pair.into_iter().flatten());
    }
}

/// The first connection to any of `addresses`.
fn race(addresses: Vec<SocketAddr>, limit: Option<Duration>) -> io::Result<TcpStream> {
    let end = limit.map(|limit| Instant::now() + limit);
    let (tell, told) = channel();
    let mut running = 0_usize;
    let mut last = io::Error::new(
        io::ErrorKind::AddrNotAvailable,
        "the host has no such address",
    );
    let mut addresses = addresses.into_iter().peekable();
    loop {
        if let Some(address) = addresses.next() {
            let tell = tell.clone();
            running += 1;
            // It may outlive this function; nobody waits for it then.
            thread::spawn(move || tell.send(TcpStream::connect(address)));
        } else if running == 0 {
            return Err(last);
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let head_start = addresses.peek().map(|_| HEAD_START);
        let wait = match (left, head_start) {
            (Some(left), Some(head_start)) => Some(left.min(head_start)),
            (left, head_start) => left.or(head_start),
        };
        let next = match wait {
            Some(wait) => told.recv_timeout(wait),
            None => told.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                running -= 1;
                last = error;
            }
            Err(_) if end.is_some_and(|end| Instant::now() >= end) => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::IoSliceMut, net::TcpListener, os::unix::net::UnixStream};

    use nix::{
        cmsg_space,
        sys::socket::{ControlMessageOwned, recvmsg},
    };

    use super::*;

    fn addresses(text: &[&str]) -> Vec<SocketAddr> {
        text.iter()
            .map(|text| text.parse().expect("an address"))
            .collect()
    }

    #[test]
    fn both_kinds_of_addresses_take_turns() {
        let all = addresses(&[
            "[::1]:1",
            "[::2]:1",
            "127.0.0.1:1",
            "127.0.0.2:1",
            "[::3]:1",
        ]);
        let order = in_turn(all.clone().into_iter(), Family::Any);
        let wanted = [
            "[::1]:1",
            "127.0.0.1:1",
            "[::2]:1",
            "127.0.0.2:1",
            "[::3]:1",
        ];
        assert_eq!(order, addresses(&wanted));
        let order = in_turn(all.into_iter(), Family::V4);
        assert_eq!(order, addresses(&["127.0.0.1:1", "127.0.0.2:1"]));
    }

    #[test]
    fn an_address_that_refuses_does_not_end_the_race() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let good = listener.local_addr().expect("an address");
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
        let bad = gone.local_addr().expect("an address");
        drop(gone);
        let stream = race(vec![bad, bad, good], None).expect("connected");
        assert_eq!(stream.peer_addr().expect("connected"), good);
        let error = race(vec![bad], None).expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        race(Vec::new(), None).expect_err("no address");
    }

    #[test]
    fn the_connection_goes_to_whoever_asked_for_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        hand_over("127.0.0.1", port, Family::Any, None, &ours).expect("handed over");
        let mut octet = [1];
        let mut into = [IoSliceMut::new(&mut octet)];
        let mut space = cmsg_space!(i32);
        let flags = MsgFlags::empty();
        let socket = theirs.as_raw_fd();
        let message = recvmsg::<()>(socket, &mut into, Some(&mut space), flags).expect("received");
        assert_eq!(message.bytes, 1);
        let descriptors: Vec<_> = message.cmsgs().expect("complete").collect();
        let [ControlMessageOwned::ScmRights(descriptors)] = &*descriptors else {
            panic!("{descriptors:?}");
        };
        let link = format!("/proc/self/fd/{}", descriptors[0]);
        let link = std::fs::read_link(link).expect("open");
        assert!(link.to_string_lossy().starts_with("socket:"), "{link:?}");
        listener.accept().expect("connected");
    }
}
