{{ staged("eco2mix-regional-tr") }}
