{{ staged("eco2mix-national-tr") }}
