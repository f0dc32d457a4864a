//! A folder behind a web server that needs next to no memory.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
};

/// Serves the files in `folder` on loopback for as long as the process lives. Returns the address.
pub(crate) fn publish(folder: &Path) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let folder = folder.to_owned();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // Whoever asked and left needs no answer.
            thread::spawn(move || drop(answer(&folder, &stream)));
        }
    });
    Ok(address)
}

/// Answers one question after the other, until there are no more.
fn answer(folder: &Path, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut questions = BufReader::new(stream).lines();
    while let Some(first) = questions.next() {
        let first = first?;
        for line in questions.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let name = first.split(' ').nth(1).unwrap_or_default();
        let path: PathBuf = folder.join(name.trim_start_matches('/'));
        let mut to = stream;
        match File::open(path) {
            Ok(mut file) => {
                let length = file.metadata()?.len();
                to.write_all(
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
                )?;
                io::copy(&mut file, &mut to)?;
            }
            Err(_) => to.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
        }
    }
    Ok(())
}
