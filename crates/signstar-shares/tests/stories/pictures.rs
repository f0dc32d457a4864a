//! QR codes, read by programs that did not draw them.

use std::fs;

use rqrr::PreparedImage;
use signstar_shares::{Share, Terminal};

use crate::{is_installed, made, output, read};

/// What a camera sees: `scale` points to each module, `dark` or not.
fn scanned(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
    let scale = 4;
    let grey = |x, y| if dark(x / scale, y / scale) { 0 } else { 255 };
    let mut picture = PreparedImage::prepare_from_greyscale(side * scale, side * scale, grey);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1);
    let (meta, text) = grids[0].decode().expect("it is read");
    assert_eq!(meta.version.to_size(), 37);
    text
}

fn same(text: &str, share: &Share) {
    let back = read(text).expect("a share");
    assert_eq!(back.to_text().expose(), share.to_text().expose());
}

#[test]
fn a_camera_reads_a_share_from_a_terminal() {
    let (_, shares) = made(b"secret", 3, 5);
    for terminal in [Terminal::Dark, Terminal::Light] {
        let shown = shares[2].to_terminal(terminal);
        let lines: Vec<Vec<char>> = shown
            .expose()
            .lines()
            .map(|line| line.chars().collect())
            .collect();
        assert_eq!(lines.len(), 23);
        assert!(lines.iter().all(|line| line.len() == 45));
        let inked = |x: usize, y: usize| match (lines[y / 2][x], y % 2) {
            ('█', _) | ('▀', 0) | ('▄', 1) => true,
            (' ' | '▀' | '▄', _) => false,
            (other, _) => panic!("{other:?}"),
        };
        let ink_is_dark = terminal == Terminal::Light;
        let text = scanned(45, |x, y| inked(x, y) == ink_is_dark);
        same(&text, &shares[2]);
    }
}

#[test]
fn the_picture_is_one_that_other_programs_draw_and_read() {
    let programs = ["rsvg-convert", "zbarimg"];
    if !programs.into_iter().all(is_installed) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (svg, png) = (
        folder.path().join("share.svg"),
        folder.path().join("share.png"),
    );
    let (sealed, shares) = made(b"secret", 3, 5);
    for share in &shares {
        let drawn = share.to_svg();
        assert!(drawn.expose().len() < 16 * 1024);
        let title = format!(
            "signstar share {}, 3 of 5 of the set {}",
            share.index(),
            sealed.set_id()
        );
        assert!(drawn.expose().contains(&title));
        fs::write(&svg, drawn.expose()).expect("writable");
        let size = ["--width", "450", "--output"].map(AsRef::as_ref);
        output(
            "rsvg-convert",
            size.into_iter().chain([png.as_os_str(), svg.as_os_str()]),
        );
        let options = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"].map(AsRef::as_ref);
        let text = output("zbarimg", options.into_iter().chain([png.as_os_str()]));
        same(&String::from_utf8(text).expect("ASCII"), share);
    }
}
