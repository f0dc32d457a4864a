//! What `sshd` is told, and the keys that it asks for.

use std::path::PathBuf;

use super::{
    login::Login,
    tree::{Node, Tree},
};

/// The first of the files that `sshd` includes: what is said first holds.
pub(crate) const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-signstar.conf";
/// The folder with the keys, a file for each Unix user. There is nothing else in it.
pub(crate) const KEYS: &str = "/etc/ssh/signstar/authorized_keys";

/// One block for each forced command, as nothing else is different.
pub(crate) fn add(tree: &mut Tree, logins: &[Login<'_>]) {
    let mut text = String::from(
        "# Written by `signstar-configure host apply`; changes are lost.\n\
         \n\
         # Of everybody: who does not log in does not keep others out, and nothing swells.\n\
         Compression no\n\
         LoginGraceTime 20\n\
         MaxStartups 300\n\
         PerSourceMaxStartups 100\n\
         \n\
         # Whoever logs in as one of these runs one program, and nothing else.\n",
    );
    let mut commands: Vec<&str> = logins.iter().map(|login| login.command).collect();
    commands.dedup();
    commands.sort_unstable();
    commands.dedup();
    for command in commands {
        let users = logins.iter().filter(|login| login.command == command);
        let users: Vec<_> = users.map(|login| login.user.as_str()).collect();
        text.push_str(&format!(
            "\n\
             Match User {users}\n\
             \x20   AllowAgentForwarding no\n\
             \x20   AllowStreamLocalForwarding no\n\
             \x20   AllowTcpForwarding no\n\
             \x20   AuthenticationMethods publickey\n\
             \x20   AuthorizedKeysCommand none\n\
             \x20   AuthorizedKeysFile {KEYS}/%u\n\
             \x20   AuthorizedPrincipalsFile none\n\
             \x20   ClientAliveCountMax 4\n\
             \x20   ClientAliveInterval 30\n\
             \x20   DisableForwarding yes\n\
             \x20   ForceCommand {command}\n\
             \x20   GatewayPorts no\n\
             \x20   KbdInteractiveAuthentication no\n\
             \x20   PasswordAuthentication no\n\
             \x20   PermitTTY no\n\
             \x20   PermitTunnel no\n\
             \x20   PermitUserRC no\n\
             \x20   PubkeyAuthentication yes\n\
             \x20   TrustedUserCAKeys none\n\
             \x20   X11Forwarding no\n",
            users = users.join(","),
        ));
    }
    // Whatever comes behind this file is said of everybody again.
    text.push_str("\nMatch all\n");
    tree.insert(DROP_IN.into(), Node::File(text));
    for login in logins.iter().filter(|login| !login.keys.is_empty()) {
        let path = PathBuf::from(KEYS).join(login.user.as_str());
        let lines: String = login
            .keys
            .iter()
            .map(|key| format!("restrict {key}\n"))
            .collect();
        tree.insert(path, Node::File(lines));
    }
}
