{{ staged("eco2mix-tempo") }}
