{{ staged("eco2mix-regional-cons-def") }}
