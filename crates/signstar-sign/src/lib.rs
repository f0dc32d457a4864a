//! The forced command of a signing host: requests in, responses out.
