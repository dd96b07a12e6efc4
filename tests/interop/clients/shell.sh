# Everything a shell does with curl; prints what it got, as JSON (put together by python3, which reads what curl wrote).
set -eu
ask() {
    curl --silent --show-error --noproxy '*' --header "Authorization: Bearer $AFFOUAGE_KEY" \
        --header "Content-Type: application/json" "$@"
}
cd "$HOME"
messages='"model": "default", "messages": [{"role": "user", "content": "Bonjour"}]'
schema='{"type": "object", "properties": {"essence": {"type": "string", "enum": ["chêne", "hêtre"]}},
         "required": ["essence"], "additionalProperties": false}'
ask "$AFFOUAGE_URL/models" >models
ask --dump-header headers "$AFFOUAGE_URL/chat/completions" --data "{$messages}" >chat
ask --no-buffer "$AFFOUAGE_URL/chat/completions" --data "{$messages, \"stream\": true}" >stream
ask "$AFFOUAGE_URL/chat/completions" --data "{$messages, \"tool_choice\": \"required\", \"tools\": [{\"type\": \"function\",
    \"function\": {\"name\": \"choisir\", \"parameters\": $schema}}]}" >tools
ask "$AFFOUAGE_URL/chat/completions" --data "{$messages, \"response_format\": {\"type\": \"json_schema\",
    \"json_schema\": {\"name\": \"bois\", \"schema\": $schema}}}" >schema
ask --write-out '%{http_code}' --output error "$AFFOUAGE_URL/chat/completions" \
    --data '{"model": "gpt-4o", "messages": [{"role": "user", "content": "Bonjour"}]}' >status
ask "$AFFOUAGE_URL/completions" \
    --data '{"model": "default", "prompt": "def add(a, b):\n    ", "suffix": "\n", "max_tokens": 40}' >infill
ask "$AFFOUAGE_URL/embeddings" --data '{"model": "default", "input": ["le bois"]}' >embeddings
