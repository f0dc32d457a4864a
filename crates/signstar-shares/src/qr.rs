//! A share as a QR code.

use std::fmt::Write as _;

use qrcodegen_no_heap::{DataTooLong, QrCode, QrCodeEcc, Version};
use zeroize::Zeroizing;

use crate::{SecretText, Share};

/// The modules on each side of the version that holds the text of a share (37 × 37).
const VERSION: Version = Version::new(5);
const SIZE: usize = 37;
/// Light modules on each side.
const QUIET: i32 = 4;

/// What a terminal looks like, so that what is to be dark gets dark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Terminal {
    /// Light letters on a dark background.
    Dark,
    /// Dark letters on a light background.
    Light,
}

/// The code of a text that may be longer than planned by no character.
struct Code(Zeroizing<[bool; SIZE * SIZE]>);

impl Code {
    fn of(text: &SecretText) -> Self {
        #[expect(clippy::expect_used, reason = "shares of this version have one length")]
        Self::try_of(text).expect("109 characters, and there is room for 122")
    }

    fn try_of(text: &SecretText) -> Result<Self, DataTooLong> {
        // Upper case has a mode with fewer bits to each character.
        let upper = Zeroizing::new(text.expose().to_ascii_uppercase());
        let mut work = Zeroizing::new([0; VERSION.buffer_len()]);
        let mut drawn = Zeroizing::new([0; VERSION.buffer_len()]);
        let level = QrCodeEcc::Medium;
        let code = QrCode::encode_text(
            &upper,
            &mut *work,
            &mut *drawn,
            level,
            VERSION,
            VERSION,
            None,
            false,
        )?;
        let mut modules = Zeroizing::new([false; SIZE * SIZE]);
        let places = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        for (module, (x, y)) in modules.iter_mut().zip(places) {
            *module = code.get_module(x, y);
        }
        Ok(Self(modules))
    }

    /// From the top, the dark modules; outside all is light.
    fn is_dark(&self, x: i32, y: i32) -> bool {
        let place = |at: i32| usize::try_from(at).ok().filter(|at| *at < SIZE);
        let Some((x, y)) = place(x).zip(place(y)) else {
            return false;
        };
        self.0.get(y * SIZE + x).copied().unwrap_or_default()
    }
}

/// Where modules are, with the light ones around.
fn range() -> std::ops::Range<i32> {
    -QUIET..i32::try_from(SIZE).unwrap_or_default() + QUIET
}

pub(crate) fn to_terminal(text: &SecretText, terminal: Terminal) -> SecretText {
    let code = Code::of(text);
    // Each character shows two rows; the letters' colour stands for light ones in a dark terminal.
    let inked = |x, y| match terminal {
        Terminal::Dark => !code.is_dark(x, y),
        Terminal::Light => code.is_dark(x, y),
    };
    let mut out = SecretText::with_capacity(range().count() * range().count() * 2);
    for y in range().step_by(2) {
        for x in range() {
            let out = out.expose_mut();
            out.push(match (inked(x, y), inked(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        out.expose_mut().push('\n');
    }
    out
}

pub(crate) fn to_svg(share: &Share) -> SecretText {
    let code = Code::of(&share.to_text());
    let side = range().count();
    let mut out = SecretText::with_capacity(32 * 1024);
    #[expect(
        clippy::expect_used,
        reason = "a run of modules takes 24 characters, and there are 700"
    )]
    draw(&mut out, &code, share, side).expect("there is room");
    out
}

fn draw(out: &mut SecretText, code: &Code, share: &Share, side: usize) -> std::fmt::Result {
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\">\n<title>signstar share {}, {} of the set {}</title>\n\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\n<path fill=\"#000\" d=\"",
        share.index(),
        share.scheme(),
        share.set_id(),
    )?;
    for y in range() {
        let mut x = range().start;
        while x < range().end {
            let length = (x..range().end).take_while(|&x| code.is_dark(x, y)).count();
            if length > 0 {
                write!(out, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET)?;
            }
            x += i32::try_from(length).unwrap_or_default() + 1;
        }
    }
    out.write_str("\"/>\n</svg>\n")
}
