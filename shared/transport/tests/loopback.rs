//! The real transport against servers on loopback that do what no good server does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use transport::{HttpTransport, MAX_BODY_BYTES, Request, Response, Transport, TransportError};

const TOO_LARGE: TransportError = TransportError::TooLarge {
    limit_bytes: MAX_BODY_BYTES,
};
/// Stands in every address that is called, as a customer's name would.
const MARK: &str = "zqmark";

/// A server that does the same with every connection, once the request has come; and how many there were.
async fn server<F>(work: impl Fn(TcpStream) -> F + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = requests.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if read_head(&mut stream).await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(work(stream));
            }
        }
    });
    (address, requests)
}

/// Reads a request without a body; whether there was one.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

/// A server that writes this, and then ends the connection.
async fn saying(answer: impl Into<Bytes>) -> SocketAddr {
    let answer = answer.into();
    let work = move |mut stream: TcpStream| {
        let answer = answer.clone();
        async move {
            // Who is cut off by the client has been understood.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    };
    server(work).await.0
}

async fn get(transport: &HttpTransport, address: SocketAddr) -> Result<Response, TransportError> {
    let url = format!("http://{address}/{MARK}?name={MARK}");
    let request: Request = http::Request::get(url)
        .header("key", MARK)
        .body(Bytes::new())
        .unwrap();
    let answer = transport.send(request).await;
    if let Err(error) = &answer {
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains(MARK) && !told.contains("127.0.0.1"),
            "{told}"
        );
    }
    answer
}

/// As the functions use it.
fn patient() -> HttpTransport {
    HttpTransport::new().unwrap()
}

/// For servers that would be waited for in vain.
fn impatient() -> HttpTransport {
    HttpTransport::with_timeouts(Duration::from_millis(500), Duration::from_secs(2)).unwrap()
}

#[tokio::test]
async fn a_whole_answer_comes_back_with_its_status_and_headers() {
    let address =
        saying("HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy").await;
    let answer = get(&patient(), address).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.body(), "busy");
}

#[tokio::test]
async fn the_largest_body_is_read_and_a_larger_one_is_not() {
    for (bytes, is_read) in [(MAX_BODY_BYTES, true), (MAX_BODY_BYTES + 1, false)] {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + bytes, b'x');
        let answer = get(&patient(), saying(answer).await).await;
        if is_read {
            assert_eq!(answer.unwrap().body().len(), bytes);
        } else {
            assert_eq!(answer.unwrap_err(), TOO_LARGE);
        }
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    const CHUNK_BYTES: usize = 0x1_0000;
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; CHUNK_BYTES], b"\r\n"].concat();
    for (head, part) in [
        ("Transfer-Encoding: chunked\r\n", chunk),
        ("Connection: close\r\n", vec![b'x'; CHUNK_BYTES]), // its length is not told
        (
            "Content-Length: 9000000000000000000\r\n",
            vec![b'x'; CHUNK_BYTES],
        ),
    ] {
        let written = Arc::new(AtomicUsize::new(0));
        let counter = written.clone();
        let (address, _) = server(move |mut stream| {
            let (part, counter) = (part.clone(), counter.clone());
            async move {
                let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.write_all(&part).await.is_ok() {
                    counter.fetch_add(CHUNK_BYTES, Ordering::SeqCst);
                }
            }
        })
        .await;
        assert_eq!(
            get(&patient(), address).await.unwrap_err(),
            TOO_LARGE,
            "{head}"
        );
        // What is above the bound is in the buffers of the two sockets.
        let written = written.load(Ordering::SeqCst);
        assert!(
            written < 2 * MAX_BODY_BYTES,
            "{head}: {written} bytes were taken"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_as_a_lost_answer() {
    let exchanges = [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    ]
    .map(async |beginning| {
        let (address, requests) = server(move |mut stream| async move {
            stream.write_all(beginning.as_bytes()).await.unwrap();
            // Holds the connection until the client has had enough.
            let _ = stream.read_u8().await;
        })
        .await;
        let answer = get(&impatient(), address).await;
        assert_eq!(
            answer.unwrap_err(),
            TransportError::AnswerLost,
            "{beginning}"
        );
        assert_eq!(requests.load(Ordering::SeqCst), 1, "it is not sent again");
    });
    futures::future::join_all(exchanges).await;
}

#[tokio::test]
async fn a_body_that_only_drips_is_given_up_as_a_lost_answer() {
    let (address, _) = server(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await; // the pace of the drip
        }
    })
    .await;
    let answer = get(&impatient(), address).await;
    assert_eq!(answer.unwrap_err(), TransportError::AnswerLost);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    // Bound, so that no other program listens there meanwhile.
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let answer = get(&patient(), bound.local_addr().unwrap()).await;
    assert_eq!(answer.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn where_no_connection_comes_about_in_time_nothing_was_sent() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody is let in any more once as many wait as the system takes.
    let mut waiting = Vec::new();
    while let Ok(connection) =
        tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await
    {
        waiting.push(connection.unwrap());
    }
    let answer = get(&impatient(), address).await;
    assert_eq!(answer.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn to_a_server_that_speaks_no_tls_nothing_was_sent() {
    let address = saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let request = http::Request::get(format!("https://{address}/{MARK}")).body(Bytes::new());
    let answer = impatient().send(request.unwrap()).await;
    assert_eq!(answer.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_lost() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let answer = get(&patient(), saying(answer).await).await;
        assert_eq!(answer.unwrap_err(), TransportError::AnswerLost);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_lost() {
    for answer in [
        "220 mail.example.com ESMTP\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "\0\u{1}\u{2}\u{3}\r\n\r\n",
    ] {
        let lost = get(&patient(), saying(answer).await).await;
        assert_eq!(lost.unwrap_err(), TransportError::AnswerLost, "{answer}");
    }
}

#[tokio::test]
async fn headers_without_end_are_not_read() {
    let many = "X-Many: x\r\n".repeat(10_000);
    let long = format!("X-Long: {}\r\n", "x".repeat(4 * 1024 * 1024));
    for headers in [many, long] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        let answer = get(&patient(), saying(answer).await).await;
        assert_eq!(answer.unwrap_err(), TransportError::AnswerLost);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let (elsewhere, requests) = server(|_| async {}).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Elsewhere\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = get(&patient(), saying(answer).await).await.unwrap();
        assert_eq!(answer.status(), status);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_compressed_answer_is_asked_for_and_none_is_unpacked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let bytes = stream.read(&mut asked).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&asked[..bytes]).to_lowercase()
    });
    let answer = get(&patient(), address).await.unwrap();
    assert_eq!(answer.body(), "abc");
    let asked = asked.await.unwrap();
    assert!(!asked.contains("accept-encoding"), "{asked}");
}

#[tokio::test]
async fn an_address_that_cannot_be_called_is_not_sent() {
    for address in ["/only/a/path", "ftp://127.0.0.1/", "http://127.0.0.1:0/"] {
        let request = http::Request::get(address).body(Bytes::new()).unwrap();
        let answer = impatient().send(request).await;
        assert_eq!(answer.unwrap_err(), TransportError::NotSent, "{address}");
    }
}
