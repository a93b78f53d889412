//! A venue on loopback that follows a script: definitions over HTTP, then one script a WebSocket connection.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Nothing takes longer than this.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// What the venue does on a connection, in this order.
#[derive(Debug, Clone)]
pub enum Act {
    /// Waits for a message that holds this text.
    Expect(&'static str),
    Send(String),
    SendBytes(Vec<u8>),
    /// Sends a ping and waits for its pong.
    Ping,
    Close(u16, &'static str),
    /// Ends the connection without a word.
    Cut,
    /// Says nothing more until the other side goes.
    Wait,
}

/// What the venue answers over HTTP.
#[derive(Debug, Clone)]
pub enum Answer {
    Json(String),
    Status(u16),
}

/// A venue that runs until it is dropped.
pub struct Venue {
    pub rest_url: String,
    pub ws_url: String,
    /// What scripts met that they did not expect.
    pub faults: Arc<Mutex<Vec<String>>>,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Venue {
    /// The last answer is repeated. Connections beyond the last script are refused.
    pub fn start(answers: Vec<Answer>, scripts: Vec<Vec<Act>>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (rest, ws) = runtime.block_on(async {
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap())
        });
        let rest_url = format!("http://{}", rest.local_addr().unwrap());
        let ws_url = format!("ws://{}", ws.local_addr().unwrap());
        let (stop, faults) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
        let (stopped, noted) = (Arc::clone(&stop), Arc::clone(&faults));
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.notified() => {}
                    () = answer_all(rest, answers) => {}
                    () = play_all(ws, scripts, &noted) => {}
                }
            });
        };
        Self { rest_url, ws_url, faults, stop, thread: Some(thread::spawn(serve)) }
    }

    /// Whether everything came as the scripts expected it.
    pub fn check(&self) {
        assert_eq!(*self.faults.lock().unwrap(), Vec::<String>::new());
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer_all(listener: TcpListener, answers: Vec<Answer>) {
    let mut next = 0;
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let answer = answers[next.min(answers.len() - 1)].clone();
        next += 1;
        let _ = timeout(DEADLINE, answer_one(&mut stream, &answer)).await;
    }
}

/// One request a connection; its body is read so that the client is not cut off while it writes.
async fn answer_one(stream: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        let read = stream.read(&mut bytes).await?;
        request.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            break;
        }
    }
    let (status, body) = match answer {
        Answer::Json(body) => ("200 OK".to_owned(), body.as_str()),
        Answer::Status(status) => (format!("{status} Said So"), "{}"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

async fn play_all(listener: TcpListener, scripts: Vec<Vec<Act>>, faults: &Mutex<Vec<String>>) {
    for (at, script) in scripts.into_iter().enumerate() {
        let Ok((stream, _)) = listener.accept().await else { return };
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
        match timeout(DEADLINE, play(socket, script)).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => faults.lock().unwrap().push(format!("connection {at}: {fault}")),
            Err(_) => faults.lock().unwrap().push(format!("connection {at}: nothing more happened")),
        }
    }
    drop(listener);
    std::future::pending::<()>().await;
}

async fn play(mut socket: WebSocketStream<TcpStream>, script: Vec<Act>) -> Result<(), String> {
    for act in script {
        match act {
            Act::Expect(text) => {
                let said = hear(&mut socket).await?;
                if !said.contains(text) {
                    return Err(format!("'{said}' instead of '{text}'"));
                }
            }
            Act::Send(text) => say(&mut socket, Message::text(text)).await?,
            Act::SendBytes(bytes) => say(&mut socket, Message::binary(bytes)).await?,
            Act::Ping => {
                say(&mut socket, Message::Ping("are you there".into())).await?;
                match socket.next().await {
                    Some(Ok(Message::Pong(_))) => {}
                    other => return Err(format!("{other:?} instead of a pong")),
                }
            }
            Act::Close(code, reason) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                say(&mut socket, Message::Close(Some(frame))).await?;
                while let Some(Ok(_)) = socket.next().await {}
            }
            Act::Cut => return Ok(()),
            Act::Wait => while let Some(Ok(_)) = socket.next().await {},
        }
    }
    Ok(())
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: Message) -> Result<(), String> {
    socket.send(message).await.map_err(|fault| fault.to_string())
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Result<String, String> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(text.to_string()),
        other => Err(format!("{other:?} instead of a text")),
    }
}
