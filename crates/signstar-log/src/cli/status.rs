//! What the exit status of each command means: the words of its help and of `spec/log.md`.

pub(super) const ALL: &str = "\
Exit status: 0 done; 1 something cannot be read or written; 2 wrong usage; 3 a log was read and is \
wrong; 10 a log grew, for those who ask. The help of each command says it for that command.";

pub(super) const SERVE: &str = "\
Exit status:
  0  it was told to end, and what waited is answered
  1  the log cannot be opened, or not be written any more: until it is started again, no signature \
leaves the enclave
  2  wrong usage";

pub(super) const WITNESS: &str = "\
Exit status:
  0  it was told to end
  1  the key, the folder or the address cannot be had
  2  wrong usage";

pub(super) const KEY: &str = "\
Exit status:
  0  the verifier key is printed
  1  the key cannot be read or written
  2  wrong usage";

pub(super) const WEB: &str = "\
Exit status:
  0  the page is written
  1  the folder cannot be written, or has the log of another key
  2  wrong usage";

pub(super) const VERIFY: &str = "\
Exit status:
  0  every file follows from the entries, the root is that of the checkpoint, and the signatures \
verify with the certificates given
  1  something cannot be read: nothing is known
  2  wrong usage
  3  the checkpoint does not verify, or something is missing, or not what follows from the entries";

pub(super) const SHOW: &str = "\
Exit status:
  0  the entries that fit are listed, maybe none
  1  something cannot be read: nothing is known
  2  wrong usage
  3  the checkpoint does not verify, or what is to be listed does not belong to it";

pub(super) const PROVE: &str = "\
Exit status:
  0  the proof is written
  1  something cannot be read or written, or there is no such entry
  2  wrong usage
  3  the checkpoint does not verify, or what the proof is made of does not belong to it";

pub(super) const MONITOR: &str = "\
Exit status:
  0  the log only grew, and no signature of the repository is missing in it
  1  something cannot be read or written: nothing is known
  2  wrong usage
  3  rollback, fork, a checkpoint that does not verify or files that do not belong to it, or \
signatures in the repository that are not in the log
  10  as 0, and there are new entries; only with --exit-new";

pub(super) const SHARD: &str = "\
Exit status:
  0  the old log is closed and the new one begun
  1  something cannot be read or written: the same again goes on
  2  wrong usage";

pub(super) const PRINTED: &str = "\
Exit status:
  0  they are written
  1  they cannot be written
  2  wrong usage";
