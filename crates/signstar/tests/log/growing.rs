//! A log that grows: what is written, and what can be read again.

use signstar::log::{CannotAppend, Edge, Hash, Kind, Reader, Tile, bundle, consistency, inclusion};

use crate::memory::{Memory, entry};

/// Sizes around every boundary of tiles.
const SIZES: [u64; 14] = [
    0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 66_049,
];

#[test]
fn what_is_read_again_is_the_edge_to_append_to() {
    let mut memory = Memory::default();
    let mut edge = Edge::new();
    for size in SIZES {
        let entries: Vec<Vec<u8>> = (edge.size()..size).map(entry).collect();
        let before = edge.head();
        let mut growth = edge.grow(&entries).expect("small entries");
        memory.write(&growth);
        let head = growth.head();
        assert_eq!(growth.first_index(), before.size);

        let mut reader = Reader::open(&memory, head).expect("what was written");
        for index in (before.size..size).step_by(97) {
            let proof = growth.prove(index).expect("a new entry");
            assert_eq!(proof, reader.prove(index).expect("an entry"));
            let leaf = Hash::leaf(&entry(index));
            inclusion::verify(leaf, index, &head, &proof).expect("a proof");
            assert_eq!(reader.entry(index).expect("an entry"), entry(index));
        }
        let proof = reader.prove_since(before.size).expect("an earlier size");
        consistency::verify(&before, &head, &proof).expect("a proof");
        if let Some(older) = before.size.checked_sub(1) {
            assert_eq!(growth.prove(older), None, "only for new entries");
        }
        edge = growth.into_edge();
        assert_eq!(edge.head(), head);
        assert_eq!(reader.edge().expect("what was written"), edge);
    }
}

#[test]
fn one_entry_at_a_time_makes_the_same_log() {
    let (all, head) = Memory::of(600);
    let mut memory = Memory::default();
    let mut edge = Edge::new();
    for index in 0..600 {
        let growth = edge.grow(&[entry(index)]).expect("a small entry");
        memory.write(&growth);
        edge = growth.into_edge();
    }
    assert_eq!(edge.head(), head);
    for (path, octets) in &all.files {
        assert_eq!(memory.files.get(path), Some(octets), "{path}");
    }
}

#[test]
fn a_tile_that_nothing_was_added_to_is_not_written_again() {
    let mut edge = Edge::new();
    let mut paths = Vec::new();
    for size in [256, 257, 512] {
        let entries: Vec<Vec<u8>> = (edge.size()..size).map(entry).collect();
        let growth = edge.grow(&entries).expect("small entries");
        paths.push(
            growth
                .files()
                .iter()
                .map(|file| file.tile.path())
                .collect::<Vec<_>>(),
        );
        edge = growth.into_edge();
    }
    assert_eq!(
        paths[0],
        ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    );
    assert_eq!(paths[1], ["tile/entries/001.p/1", "tile/0/001.p/1"]);
    assert_eq!(
        paths[2],
        ["tile/entries/001", "tile/0/001", "tile/1/000.p/2"]
    );
}

#[test]
fn partial_tiles_may_go_once_full_ones_are_there() {
    let (_, older) = Memory::of(300);
    let (memory, _) = Memory::of(700);
    assert!(!memory.files.contains_key("tile/0/001.p/44"));
    let mut reader = Reader::open(memory, older);
    // The tile of level 1 is still partial; whoever deletes it once there is a wider one has to
    // keep those that an older checkpoint needs, as the specification says.
    assert!(reader.is_err());
    let (mut memory, _) = Memory::of(700);
    let (old, _) = Memory::of(300);
    let path = "tile/1/000.p/1".to_owned();
    let octets = old.files[&path].clone();
    memory.files.insert(path, octets);
    reader = Reader::open(memory, older);
    let mut reader = reader.expect("full tiles in place of partial ones");
    assert_eq!(reader.entry(299).expect("an entry"), entry(299));
    assert_eq!(reader.edge().expect("an edge").head(), older);
}

#[test]
fn an_entry_has_at_most_65535_octets() {
    let edge = Edge::new();
    let growth = edge.grow(&[vec![7; 65_535]]).expect("just short enough");
    let bundle = &growth.files()[0];
    assert_eq!(bundle.tile.kind(), Kind::Entries);
    assert_eq!(bundle::entries(&bundle.octets), Ok(vec![&[7; 65_535][..]]));
    let refused = edge.grow(&[vec![7; 65_536]]).expect_err("too long");
    assert!(matches!(refused, CannotAppend::TooLong(_)));
}

#[test]
fn paths_are_those_of_the_specification() {
    let hashes = |level| Kind::Hashes { level };
    for (kind, index, size, path) in [
        (hashes(0), 0, 1, "tile/0/000.p/1"),
        (hashes(0), 1234, 1234 * 256 + 5, "tile/0/x001/234.p/5"),
        (hashes(0), 1_234_067, u64::MAX >> 1, "tile/0/x001/x234/067"),
        (hashes(1), 0, 256, "tile/1/000.p/1"),
        (hashes(2), 0, 70_000, "tile/2/000.p/1"),
        (hashes(1), 1, 70_000, "tile/1/001.p/17"),
        (Kind::Entries, 273, 70_000, "tile/entries/273.p/112"),
    ] {
        let tile = Tile::in_log(kind, index, size).expect("a tile of that log");
        assert_eq!(tile.path(), path);
        assert_eq!(Tile::from_path(path), Some(tile));
    }
    let edge: Vec<String> = Tile::partial(70_000).map(|tile| tile.path()).collect();
    assert_eq!(
        edge,
        [
            "tile/0/273.p/112",
            "tile/1/001.p/17",
            "tile/2/000.p/1",
            "tile/entries/273.p/112"
        ]
    );
    assert_eq!(Tile::partial(0).count(), 0);
    assert_eq!(Tile::in_log(hashes(0), 1, 256), None);
    assert_eq!(Tile::in_log(hashes(u32::MAX), 0, 256), None);
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/0/xx001/234",
        "tile/entries/000.p/",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/+01",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ] {
        assert_eq!(Tile::from_path(path), None, "{path}");
    }
}
