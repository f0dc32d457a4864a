//! Many clients at a time, through the socket.

use std::{
    io,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use signstar_log::{
    client::Client,
    serve::{Peers, Server},
};

use crate::{Outcome, entry, open};

const CLIENTS: u64 = 64;

pub(crate) fn measure(folder: &Path, appends: u64, out: &mut impl io::Write) -> Outcome<()> {
    for in_flight in [1, 32] {
        let rate = rate(&folder.join(in_flight.to_string()), in_flight, appends)?;
        let name = format!("{CLIENTS} clients, {in_flight} in flight each");
        writeln!(out, "{name:<38} {rate:>10.0} appends/s")?;
    }
    Ok(())
}

/// Appends per second of clients that ask `in_flight` questions at a time, each from a thread.
fn rate(folder: &Path, in_flight: u64, appends: u64) -> Outcome<f64> {
    let sequencer = open(folder)?;
    let socket = folder.join("socket");
    let listener = Server::bind(&socket)?;
    let server = Server::start(sequencer, listener, Peers::new(&[], false)?, None);
    let each = (appends / CLIENTS / in_flight).max(1);
    let begin = Instant::now();
    thread::scope(|scope| -> Outcome<()> {
        let mut workers = Vec::new();
        for connection in 0..CLIENTS {
            let client = Arc::new(Client::new(&socket, Duration::from_secs(60)));
            for worker in 0..in_flight {
                let client = client.clone();
                workers.push(scope.spawn(move || -> Outcome<()> {
                    for number in 0..each {
                        let number = (connection * in_flight + worker) * each + number;
                        client.append(entry(number))?;
                    }
                    Ok(())
                }));
            }
        }
        for worker in workers {
            worker.join().map_err(|_| "a client failed")??;
        }
        Ok(())
    })?;
    let took = begin.elapsed();
    server.stop()?;
    Ok(f64::from(u32::try_from(each * CLIENTS * in_flight)?) / took.as_secs_f64())
}
