//! Brokers that do not let one in, and what is said of it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use roomful_cluster::{BrokerOptions, Command, ConnectError, NodeBounds, connect_node};
use roomful_core::Limits;
use roomful_core::cluster::Address;

use crate::node::{Node, ROOM_ENOUGH, in_time};
use crate::server::{Server, Want};

async fn try_to_connect(options: BrokerOptions) -> Result<Node, ConnectError> {
    in_time(Node::of(options.open("app")?, ROOM_ENOUGH)).await
}

async fn error(options: BrokerOptions) -> ConnectError {
    try_to_connect(options).await.map(|_| ()).expect_err("it must not be let in")
}

/// It hears itself.
async fn assert_works(options: BrokerOptions) {
    let mut node = try_to_connect(options).await.unwrap_or_else(|error| panic!("{error}"));
    in_time(node.listen(Address::Everybody)).await;
}

#[tokio::test]
async fn nobody_who_is_there_answers() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["nats", "tls", "redis", "rediss"] {
        let error = error(BrokerOptions::at(&format!("{scheme}://u:s3cret@{nobody}"))).await;
        let ConnectError::NoAnswer { address, .. } = &error else { panic!("{error}") };
        assert_eq!(*address, format!("{scheme}://{nobody}"));
        assert!(!error.to_string().contains("s3cret"));
    }
}

/// One that says this to whoever comes, and closes.
fn that_says(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(text.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    address.to_string()
}

#[tokio::test]
async fn what_is_no_broker_is_none() {
    for text in ["", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0", "-ERR\r\n", "INFO {\r\n"] {
        for scheme in ["nats", "redis"] {
            let error = error(BrokerOptions::at(&format!("{scheme}://{}", that_says(text)))).await;
            assert!(matches!(error, ConnectError::NoAnswer { .. } | ConnectError::TooOld { .. }), "{text:?}: {error}");
        }
    }
}

#[tokio::test]
async fn what_is_too_old_is_named_with_what_is_needed() {
    let nats = "INFO {\"server_id\":\"a\",\"version\":\"2.1.9\",\"max_payload\":1048576}\r\nPONG\r\n";
    let error_of_nats = error(BrokerOptions::at(&format!("nats://{}", that_says(nats)))).await;
    assert!(matches!(&error_of_nats, ConnectError::TooOld { version, least: "2.2", .. } if version == "2.1.9"));
    let redis = "-ERR unknown command `HELLO`, with args beginning with: `3`\r\n".repeat(4);
    let redis = that_says(Box::leak(redis.into_boxed_str()));
    let error_of_redis = error(BrokerOptions::at(&format!("redis://{redis}"))).await;
    assert!(matches!(&error_of_redis, ConnectError::TooOld { least: "6.0", .. }), "{error_of_redis}");
}

#[tokio::test]
async fn credentials_are_believed_or_refused_by_name() {
    let nats =
        Server::start(Want::nats().with("authorization { users: [ { user: web, password: \"s3:@/cret\" } ] }")).await;
    let redis = Server::start(Want::redis().with("user default off\nuser web on >s3:@/cret ~* &* +@all")).await;
    for server in [nats, redis] {
        assert_works(BrokerOptions::at(&server.address_of("web:s3%3A%40%2Fcret@"))).await;
        let file = server.directory().join("credentials");
        std::fs::write(&file, "web:s3:@/cret\n").unwrap();
        assert_works(BrokerOptions::at(&server.address()).credentials_file(&file)).await;
        for wrong in ["", "web:wr0ng@", "nobody:wr0ng@"] {
            let error = error(BrokerOptions::at(&server.address_of(wrong))).await;
            let ConnectError::Credentials { address, .. } = &error else { panic!("{wrong}: {error}") };
            assert_eq!(*address, server.address());
            assert!(!error.to_string().contains("wr0ng"));
        }
    }
    let token = Server::start(Want::nats().with("authorization { token: t0ken }")).await;
    assert_works(BrokerOptions::at(&token.address_of("t0ken@"))).await;
    let password = Server::start(Want::redis().with("requirepass s3cret")).await;
    for credentials in [":s3cret@", "s3cret@", "default:s3cret@"] {
        assert_works(BrokerOptions::at(&password.address_of(credentials))).await;
    }
}

#[tokio::test]
async fn what_a_user_may_not_is_named() {
    let nats = |permissions| {
        let user = format!("{{ user: web, password: p, permissions: {{ {permissions} }} }}");
        Want::nats().with(&format!("authorization {{ users: [ {user} ] }}"))
    };
    for want in [
        nats("publish: \"roomful.>\", subscribe: \"other.>\""),
        nats("publish: \"other.>\", subscribe: \"roomful.>\""),
        Want::redis().with("user web on >p ~* resetchannels &other.* +@all"),
        Want::redis().with("user web on >p ~* &* +@all -publish"),
        Want::redis().with("user web on >p ~* &* +@all -subscribe"),
    ] {
        let server = Server::start(want.clone()).await;
        let error = error(BrokerOptions::at(&server.address_of("web:p@"))).await;
        assert!(matches!(error, ConnectError::Permission { .. }), "{want:?}: {error}");
    }
    for want in [
        nats("publish: \"roomful.>\", subscribe: \"roomful.>\""),
        Want::redis().with("user web on >p resetchannels &roomful.* +@pubsub +@connection"),
    ] {
        let server = Server::start(want).await;
        let mut node = try_to_connect(BrokerOptions::at(&server.address_of("web:p@"))).await.unwrap();
        in_time(node.listen(Address::Everybody)).await;
        in_time(node.open(crate::node::room("a"), "who is there?")).await;
    }
}

#[tokio::test]
async fn a_broker_that_cannot_keep_what_is_said_is_named_at_the_start() {
    let bounds = NodeBounds { keeps_history: true, ..NodeBounds::of(&Limits::default()) };
    let nats = Server::start(Want::nats()).await;
    let redis = Server::start(Want::redis().with("user web on >p ~* &* +@all -evalsha")).await;
    let keyless = Server::start(Want::redis().with("user web on >p resetkeys ~other &* +@all")).await;
    for address in [nats.address(), redis.address_of("web:p@"), keyless.address_of("web:p@")] {
        let broker = BrokerOptions::at(&address).open("app").unwrap();
        let error = in_time(connect_node(broker, bounds, false)).await.map(|_| ()).expect_err("it must not begin");
        assert!(matches!(error, ConnectError::NoHistory { .. }), "{address}: {error}");
        assert!(error.to_string().contains("cannot keep the history of a room (`Limits::history`)"), "{error}");
    }
    let jetstream = Server::start(Want::jetstream()).await;
    for address in [redis.address(), jetstream.address()] {
        let broker = BrokerOptions::at(&address).open("app").unwrap();
        in_time(connect_node(broker, bounds, false)).await.unwrap();
    }
}

#[tokio::test]
async fn what_jetstream_does_not_let_a_user_do_is_named() {
    let bounds = NodeBounds { keeps_history: true, ..NodeBounds::of(&Limits::default()) };
    let permissions = "permissions: { publish: \"roomful.>\", subscribe: \"roomful.>\" }";
    let users = format!("authorization {{ users: [ {{ user: web, password: p, {permissions} }} ] }}");
    let server = Server::start(Want::jetstream().with(&users)).await;
    let broker = BrokerOptions::at(&server.address_of("web:p@")).open("app").unwrap();
    let error = in_time(connect_node(broker, bounds, false)).await.map(|_| ()).expect_err("it must not begin");
    assert!(
        matches!(&error, ConnectError::NoHistory { reason, .. } if reason.contains("allow `$JS.API.>`")),
        "{error}"
    );
}

#[tokio::test]
async fn tls_is_only_what_the_roots_vouch_for() {
    for want in [Want::nats().tls(), Want::redis().tls()] {
        let (server, other) = (Server::start(want.clone()).await, Server::start(want).await);
        let roots = |server: &Server| server.certificates.clone().unwrap().root;
        assert_works(BrokerOptions::at(&server.address()).root_certificates(roots(&server))).await;
        let error_of_roots = error(BrokerOptions::at(&server.address()).root_certificates(roots(&other))).await;
        assert!(matches!(error_of_roots, ConnectError::Tls { .. }), "{error_of_roots}");
        let by_number = server.address().replace("localhost", "127.0.0.1");
        let error_of_name = error(BrokerOptions::at(&by_number).root_certificates(roots(&server))).await;
        assert!(matches!(error_of_name, ConnectError::Tls { .. }), "{error_of_name}");
    }
}

/// The link itself ends: who has no right any more is not left behind with one that looks well.
#[tokio::test]
async fn a_right_that_is_taken_away_ends_the_link() {
    let server = Server::start(Want::redis().with("user web on >p ~* &roomful.all.* &roomful.node.* +@all")).await;
    let mut node = try_to_connect(BrokerOptions::at(&server.address_of("web:p@"))).await.unwrap();
    let room = crate::node::room("a");
    in_time(async {
        while node.try_say(Command::Subscribe(Address::Room(room))).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
