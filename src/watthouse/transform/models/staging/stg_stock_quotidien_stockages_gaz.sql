{{ staged("stock-quotidien-stockages-gaz") }}
