"""The tools of a pipeline file as environments of trainers: the client of `retort serve-tools`.

Needs nothing but Python 3.9, and `retort serve-tools FILE --port 7100` in another terminal. Copy this file beside your
training script. Schemas, answers and faults are those that the file's own rollouts get, and what is answered is remembered
in the store: a question that two rollouts ask is answered once.

TRL        GRPOTrainer(environment_factory=trl_environment("http://127.0.0.1:7100/mcp"), ...)
           on export-rl-prompts' trl-train.jsonl. Each generation has an environment, and each environment a session of its
           own, begun anew by `reset`. Where the rows have a column `environment`, name it so:
           environment_factory={"search_env": trl_environment(...)}. A reward function that takes `environments` finds in
           each what was called: `calls`, a list of (name, arguments, text, is_error).
verl       tool_config_path: a file with, for each tool,
             tools:
               - class_name: retort_env.VerlTool
                 config: { type: native, url: "http://127.0.0.1:7100/mcp", tool: search }
           this file on PYTHONPATH. The schema is asked of the server.
"""
import inspect
import json
import subprocess
import threading
import urllib.error
import urllib.request

VERSION = "2025-06-18"


class ServerError(Exception):
    """What the server says is wrong with a request."""


class Client:
    """One session with the server, at an address or, given a list of words, with a program of its own."""

    def __init__(self, server, timeout=600):
        self._server = server
        self._timeout = timeout
        self._number = 0
        self._session = None
        self._process = None
        self._lock = threading.Lock()
        if not isinstance(server, str):
            self._process = subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask("initialize", {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "retort_env", "version": "1"}})
        self._tell("notifications/initialized")

    def tools(self):
        """Each tool with `name`, `description` and `inputSchema`."""
        found, cursor = [], None
        while True:
            page = self._ask("tools/list", {"cursor": cursor} if cursor else {})
            found += page["tools"]
            cursor = page.get("nextCursor")
            if not cursor:
                return found

    def call(self, name, arguments):
        """(text, is_error)"""
        result = self._ask("tools/call", {"name": name, "arguments": arguments})
        text = "\n".join(part.get("text", "") for part in result["content"] if part["type"] == "text")
        return text, bool(result.get("isError"))

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait(10)
            self._process.stdout.close()
        elif self._session:
            try:
                self._post(None, "DELETE")
            except OSError:
                pass
        self._process = self._session = None

    def _ask(self, method, params):
        with self._lock:
            self._number += 1
            reply = self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        if "error" in reply:
            raise ServerError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def _tell(self, method):
        with self._lock:
            self._send({"jsonrpc": "2.0", "method": method}, awaits=False)

    def _send(self, message, awaits=True):
        if not self._process:
            return self._post(message, "POST")
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        while awaits:
            line = self._process.stdout.readline()
            if not line:
                raise ServerError(f"expected a reply of {self._server[0]}, found its end")
            reply = json.loads(line)
            if reply.get("id") == message["id"]:
                return reply

    def _post(self, message, method):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        body = None if message is None else json.dumps(message).encode()
        request = urllib.request.Request(self._server, body, headers, method=method)
        # No proxy knows the way to this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self._timeout) as response:
                self._session = response.headers.get("Mcp-Session-Id", self._session)
                text = response.read().decode()
        except urllib.error.HTTPError as error:
            raise ServerError(f"HTTP {error.code}: {error.read().decode(errors='replace')[:300]}") from None
        return json.loads(text) if text.strip() else {}


# ---- TRL ------------------------------------------------------------------------------------------------------------

TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}


def trl_environment(server, timeout=600):
    """A class as `environment_factory` takes it: a public method for each tool, with types and words of its schema.

    server: the address that `retort serve-tools --port` prints, or a list of words that start it.
    """
    client = Client(server, timeout)
    tools = client.tools()
    client.close()

    class RetortEnvironment:
        def __init__(self):
            self.calls = []
            self._client = None

        def reset(self, **row):
            self.calls = []
            if self._client:
                self._client.close()
            self._client = None

        def _call(self, name, arguments):
            if self._client is None:
                self._client = Client(server, timeout)
            text, is_error = self._client.call(name, arguments)
            self.calls.append((name, arguments, text, is_error))
            return text

    for tool in tools:
        setattr(RetortEnvironment, tool["name"], _method(tool))
    return RetortEnvironment


def _method(tool):
    """A function as trainers read it: signature, types and a docstring in Google's style."""
    name, schema = tool["name"], tool["inputSchema"]
    required = schema.get("required", [])
    properties = sorted(schema.get("properties", {}).items(), key=lambda item: item[0] not in required)

    def method(self, *values, **arguments):
        arguments = {**dict(zip([key for key, _ in properties], values)), **arguments}
        return self._call(name, {key: value for key, value in arguments.items() if value is not None})

    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    method.__annotations__ = {"return": str}
    lines = [(tool.get("description") or name).strip(), "", "Args:"]
    for key, value in properties:
        kind = TYPES.get(value.get("type"), str)
        default = inspect.Parameter.empty if key in required else None
        parameters.append(inspect.Parameter(key, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind))
        method.__annotations__[key] = kind
        words = " ".join((value.get("description") or value.get("title") or key).split())
        lines.append(f"    {key}: {words}")
    lines += ["", "Returns:", "    The tool's answer."]
    method.__name__ = method.__qualname__ = name
    method.__doc__ = "\n".join(lines)
    method.__signature__ = inspect.Signature(parameters, return_annotation=str)
    return method


# ---- verl -----------------------------------------------------------------------------------------------------------

try:
    from verl.tools.base_tool import BaseTool
    from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse
except ImportError:
    BaseTool, OpenAIFunctionToolSchema, ToolResponse = object, None, None


class VerlTool(BaseTool):
    """A tool of verl's agent loop, with a session for each trajectory. `create_kwargs` of a row are passed over."""

    def __init__(self, config, tool_schema=None):
        self.server, self.tool = config["url"], config["tool"]
        if tool_schema is None:
            client = Client(self.server)
            found = {tool["name"]: tool for tool in client.tools()}
            client.close()
            if self.tool not in found:
                raise ValueError(f"tool: expected one of {', '.join(found)}, found {self.tool!r}")
            tool = found[self.tool]
            function = {"name": tool["name"], "description": tool["description"], "parameters": tool["inputSchema"]}
            tool_schema = OpenAIFunctionToolSchema.model_validate({"type": "function", "function": function})
        super().__init__(config, tool_schema)
        self.clients = {}

    async def create(self, instance_id=None, **kwargs):
        from uuid import uuid4

        instance_id = instance_id or str(uuid4())
        return instance_id, ToolResponse()

    async def execute(self, instance_id, parameters, **kwargs):
        import asyncio

        def call():
            if instance_id not in self.clients:
                self.clients[instance_id] = Client(self.server)
            return self.clients[instance_id].call(self.tool, parameters)

        text, is_error = await asyncio.get_running_loop().run_in_executor(None, call)
        return ToolResponse(text=text), 0.0, {"is_error": is_error}

    async def release(self, instance_id, **kwargs):
        client = self.clients.pop(instance_id, None)
        if client:
            client.close()
